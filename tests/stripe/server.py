#!/usr/bin/env python3
"""A small stand-in of Stripe's HTTP API, for tests. See README.md beside this file."""

import argparse
import json
import re
import signal
import sys
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

sys.dont_write_bytecode = True  # Set before our own modules load, so they leave no files.

from account import Account, ApiError, invalid, missing_parameter, new_id
from webhooks import Outbox

KEY_LIFETIME = 24 * 3600
LEAST_AMOUNT = 50  # In minor units, whatever the currency.
TIMEOUT_SECONDS = 30.0
FAULTS = ("timeout", "error500", "answer_lost", "rate_limit")


# --- parameters ---

def parse_form(pairs):
    """Turn `a[b]=1` and `c[]=2` into dicts; what nests deeper stays an unknown name."""
    tree = {}
    for name, value in pairs:
        match = re.fullmatch(r"([^\[\]]+)\[([^\[\]]*)\]", name)
        if match and isinstance(tree.setdefault(match[1], {}), dict):
            tree[match[1]][match[2]] = value
        else:
            tree[name] = value
    return tree


def text(pattern, code=None):
    def read(value, param):
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise invalid(f"Invalid {param}: {value}", code=code, param=param)
        return value
    return read


def integer(value, param):
    return int(text(r"\+?0*[1-9][0-9]{0,7}", "parameter_invalid_integer")(value, param))


def amount(value, param):
    number = integer(value, param)
    if number < LEAST_AMOUNT:
        raise invalid(f"Amount must be at least {LEAST_AMOUNT}.", code="amount_too_small",
                      param=param)
    return number


def table(value, param):
    if not isinstance(value, dict):
        raise invalid(f"Invalid hash: {value}", param=param)
    return value


def card_only(value, param):
    if set(table(value, param).values()) != {"card"}:
        raise invalid("This account takes cards only.", param=param)


anything = text(r"(?s:.*)")
INTENTS = "/v1/payment_intents"
# Each endpoint: method, path, parameters, and those it requires.
ENDPOINTS = {
    "create": ("POST", INTENTS, {
        "amount": amount, "currency": text("[a-z]{3}"), "metadata": table,
        "capture_method": text("automatic|manual"), "payment_method_types": card_only,
    }, ("amount", "currency")),
    "retrieve": ("GET", f"{INTENTS}/([^/]+)", {"client_secret": anything}, ()),
    "confirm": ("POST", f"{INTENTS}/([^/]+)/confirm", {
        "client_secret": anything, "payment_method": anything, "return_url": anything}, ()),
    "capture": ("POST", f"{INTENTS}/([^/]+)/capture", {"amount_to_capture": integer}, ()),
    "cancel": ("POST", f"{INTENTS}/([^/]+)/cancel", {}, ()),
    "refunds": ("POST", "/v1/refunds", {
        "payment_intent": anything, "amount": integer}, ("payment_intent",)),
    "list_refunds": ("GET", "/v1/refunds", {"payment_intent": anything, "limit": integer}, ()),
}


def find_endpoint(method, path):
    for name, (verb, pattern, _, _) in ENDPOINTS.items():
        match = re.fullmatch(pattern, path)
        if match and verb == method:
            return name, match.groups()
    raise ApiError(404, f"Unrecognized request URL ({method}: {path}).")


def read_parameters(name, pairs):
    _, _, readers, required = ENDPOINTS[name]
    tree = parse_form(pairs)
    for param in tree:
        if param not in readers:
            raise invalid(f"Received unknown parameter: {param}", code="parameter_unknown",
                          param=param)
    for param in required:
        if not tree.get(param):
            raise missing_parameter(param)
    return {param: readers[param](value, param) for param, value in tree.items()}


# --- HTTP ---

class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port, secret_keys, outbox):
        super().__init__(("127.0.0.1", port), Handler)
        self.secret_keys, self.outbox, self.account = secret_keys, outbox, Account(outbox)
        self.keys, self.faults = {}, defaultdict(list)
        self.stopping = threading.Event()

    def handle_error(self, request, client_address):
        # Neither a client that hangs up is news, nor that we close without an answer.
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    def add_fault(self, body):
        if body.get("clear"):
            self.faults.clear()
        if "path" in body:
            if body["path"] not in ENDPOINTS or body.get("kind") not in FAULTS:
                raise ValueError(f"path is one of {list(ENDPOINTS)}, kind one of {FAULTS}")
            self.faults[body["path"]] += [body] * int(body.get("times", 1))
        return self.faults

    def take_fault(self, name, *kinds):
        queue = self.faults[name]
        return queue.pop(0) if queue and queue[0]["kind"] in kinds else {"kind": None}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # Small answers must not wait for an ACK.
    wbufsize = 1 << 16              # Headers and body leave in one write.

    def log_message(self, *_):
        pass

    def serve(self):
        headers = {"Request-Id": new_id("req_", 14), "Content-Type": "application/json"}
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if url.path.startswith("/_test/"):
                status, answer = 200, self.control(url.path.removeprefix("/_test/"), body)
            else:
                status, answer = self.api(url, body, headers)
        except ApiError as error:
            status, answer = error.status, encode({"error": error.error})
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(answer))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = serve

    def is_publishable(self):
        scheme, _, key = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise ApiError(401, "You did not provide an API key.")
        if key not in self.server.secret_keys and not key.startswith("pk_"):
            raise ApiError(401, f"Invalid API Key provided: {key[:8]}****{key[-4:]}")
        return key not in self.server.secret_keys

    def api(self, url, body, headers):
        server, publishable = self.server, self.is_publishable()
        name, parts = find_endpoint(self.command, url.path)
        if publishable and name not in ("confirm", "retrieve"):
            raise ApiError(403, "This API call cannot be made with a publishable API key.",
                           code="secret_key_required")
        pairs = parse_qsl(f"{url.query}&{body.decode()}", keep_blank_values=True)
        with server.account.lock:
            fault = server.take_fault(name, "timeout", "rate_limit", "answer_lost")
        if fault["kind"] == "timeout":
            # The request never reached Stripe, so its key stays free.
            server.stopping.wait(float(fault.get("seconds", TIMEOUT_SECONDS)))
            raise ConnectionAbortedError
        if fault["kind"] == "rate_limit":
            headers["Stripe-Should-Retry"] = "true"
            raise ApiError(429, "Another API request is accessing this object.",
                           code="lock_timeout")
        request = {"id": headers["Request-Id"], "publishable": publishable, "key": None}
        if self.command == "POST" and self.headers.get("Idempotency-Key"):
            request["key"] = self.headers["Idempotency-Key"]
            answer = self.once(name, parts, pairs, request, url.path, headers)
        else:
            *answer, _ = self.execute(name, parts, pairs, request)
        if fault["kind"] == "answer_lost":
            raise ConnectionAbortedError
        return answer

    def once(self, name, parts, pairs, request, path, headers):
        """Run a POST at most once for its Idempotency-Key."""
        keys, key, lock = self.server.keys, request["key"], self.server.account.lock
        if len(key) > 255:
            raise invalid("Idempotency keys can have up to 255 characters.")
        headers["Idempotency-Key"] = key
        sent = {"path": path, "parameters": sorted(pairs)}
        with lock:
            entry = keys.get(key)
            if entry and entry["answer"] and time.time() - entry["created"] > KEY_LIFETIME:
                entry = None
            if entry:
                check_key(entry, sent)
                headers["Idempotent-Replayed"] = "true"
                headers["Original-Request"] = entry["request"]
                return entry["answer"]
            entry = keys[key] = {**sent, "answer": None, "request": request["id"],
                                 "created": time.time()}
        stored = False
        try:
            status, answer, stored = self.execute(name, parts, pairs, request)
            headers["Original-Request"] = request["id"]
            return status, answer
        finally:
            with lock:
                if stored:
                    entry["answer"] = (status, answer)
                else:
                    keys.pop(key, None)

    def execute(self, name, parts, pairs, request):
        """Run an endpoint; return status, body, and whether a key keeps them."""
        account = self.server.account
        try:
            params = read_parameters(name, pairs)
            with account.lock:
                if self.server.take_fault(name, "error500")["kind"]:
                    raise ApiError(500, "An unknown error occurred", "api_error")
                return 200, encode(getattr(account, name)(params, request, *parts)), True
        except ApiError as error:
            return error.status, encode({"error": error.error}), error.stored

    def control(self, path, body):
        server, account, outbox = self.server, self.server.account, self.server.outbox
        path, _, intent = path.partition("/")
        controls = {
            "GET ledger": lambda _: account.ledger(),
            "GET deliveries": lambda _: list(outbox.log),
            "POST webhook": outbox.configure,
            "POST webhooks": outbox.behave,
            "POST redeliver": outbox.redeliver,
            "POST faults": server.add_fault,
            "POST complete_action": lambda sent: account.complete_action(
                intent, {"succeed": True, "fail": False}[sent["outcome"]]),
        }
        try:
            with account.lock:
                sent = json.loads(body or "{}")
                return encode(controls[f"{self.command} {path}"](sent))
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            raise ApiError(400, f"Bad test control: {problem!r}") from problem


def check_key(entry, sent):
    """Refuse a key that another request has, or that is in use."""
    for what in ("path", "parameters"):
        if entry[what] != sent[what]:
            raise ApiError(400, "Keys for idempotent requests can only be used with the same "
                           f"{what} they were first used with.", "idempotency_error")
    if entry["answer"] is None:
        raise ApiError(409, "There is currently another in-progress request using this "
                       "Idempotent Key.", "idempotency_error", code="idempotency_key_in_use")


def encode(value):
    return json.dumps(value, indent=2).encode() + b"\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--secret-key", action="append", required=True, help="may be repeated")
    parser.add_argument("--webhook-url")
    parser.add_argument("--webhook-host", help="Host header to send with webhooks")
    parser.add_argument("--webhook-secret", action="append", default=[],
                        help="given twice, webhooks carry two signatures")
    options = parser.parse_args()
    outbox = Outbox(options.webhook_secret)
    if options.webhook_url:
        outbox.configure({"url": options.webhook_url, "host": options.webhook_host})
    server = Server(options.port, set(options.secret_key), outbox)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stopping.set())
    # shutdown() waits for the serving thread, so the main thread must not serve.
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    print(f"stripe: listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.stopping.wait()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main()
