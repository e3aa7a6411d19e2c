"""Signed webhooks: where they go, when, and what came of each attempt."""

import hashlib
import hmac
import http.client
import itertools
import json
import threading
import time
from urllib.parse import urlsplit

ATTEMPTS = 25
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
TIMEOUT = 10.0


def sign(secrets, payload):
    stamp = int(time.time())
    signed = str(stamp).encode() + b"." + payload
    marks = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={stamp}"] + [f"v1={mark}" for mark in marks])


class Endpoint:
    """One receiver. Its only thread keeps the order."""

    def __init__(self, url, key, value, outbox):
        self.url, self.key, self.value, self.outbox = url, key, value, outbox
        self.host, self.secrets, self.queue = None, [], []
        threading.Thread(target=self.run, daemon=True).start()

    def wants(self, metadata):
        return self.key is None or metadata.get(self.key, "").startswith(self.value)

    def put(self, event, attempt=1, pause=0.0):
        with self.outbox.changed:
            due = time.monotonic() + pause
            self.queue.append((due, next(self.outbox.order), attempt, event))
            self.outbox.changed.notify_all()

    def take(self):
        """Wait for the next delivery that is due; None when the endpoint is gone."""
        with self.outbox.changed:
            while self in self.outbox.endpoints.values():
                first = min(self.queue, default=None)
                pause = first[0] - time.monotonic() if first else None
                if first and pause <= 0:
                    self.queue.remove(first)
                    return first
                self.outbox.changed.wait(pause)
        return None

    def run(self):
        while item := self.take():
            _, _, attempt, event = item
            status, problem = self.send(json.dumps(event, indent=2).encode())
            self.outbox.log.append({
                "event": event["id"], "type": event["type"], "url": self.url,
                "status": status, "attempt": attempt, "error": problem, "at": time.time()})
            if not 200 <= status < 300 and attempt < ATTEMPTS:
                pause = min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE)
                self.put(event, attempt + 1, pause)

    def send(self, payload):
        url = urlsplit(self.url)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=TIMEOUT)
        try:
            connection.request("POST", url.path or "/", payload, {
                "Host": self.host or url.netloc, "Content-Type": "application/json; charset=utf-8",
                "Stripe-Signature": sign(self.secrets, payload)})
            answer = connection.getresponse()
            answer.read()
            return answer.status, None
        except (OSError, http.client.HTTPException) as problem:
            return 0, f"{type(problem).__name__}: {problem}"
        finally:
            connection.close()


class Outbox:
    """All endpoints. One condition guards them and their queues."""

    def __init__(self, default_secrets):
        self.default_secrets = default_secrets
        self.changed, self.order = threading.Condition(), itertools.count()
        self.endpoints, self.events, self.log = {}, {}, []
        self.muted, self.duplicate = set(), 0

    def configure(self, settings):
        wanted = settings if isinstance(settings, list) else [settings]
        with self.changed:
            # Systems that share one server add themselves; a plain call replaces all.
            current = dict(self.endpoints) if any(item.get("add") for item in wanted) else {}
            for item in wanted:
                rule = item.get("for") or {"key": None, "value": ""}
                name = (item["url"], rule["key"], rule["value"])
                # An endpoint that stays keeps its queue.
                endpoint = current[name] = self.endpoints.get(name) or Endpoint(*name, self)
                endpoint.host = item.get("host")
                endpoint.secrets = item.get("secrets", self.default_secrets)
                if not (endpoint.secrets and endpoint.url.startswith("http://")):
                    raise ValueError("each endpoint needs an http:// url and secrets")
            self.endpoints = current
            self.changed.notify_all()
            return [{"url": e.url, "host": e.host} for e in current.values()]

    def behave(self, settings):
        self.duplicate = int(settings.get("duplicate", self.duplicate))
        # Tests share a server, so one silences only what is its own.
        self.muted = (self.muted | set(settings.get("mute", []))) - set(settings.get("unmute", []))
        return {"muted": sorted(self.muted), "duplicate": self.duplicate}

    def post(self, event):
        with self.changed:
            self.events[event["id"]] = event
            if event["data"]["object"]["id"] not in self.muted:
                self.queue(event, 1 + self.duplicate)

    def redeliver(self, settings):
        with self.changed:
            event = self.events[settings["event"]]
            return {"queued": self.queue(event, int(settings.get("times", 1)))}

    def queue(self, event, copies):
        metadata = event["data"]["object"]["metadata"]
        found = [e for e in self.endpoints.values() if e.wants(metadata)]
        for endpoint in found * copies:
            endpoint.put(event)
        return len(found) * copies
