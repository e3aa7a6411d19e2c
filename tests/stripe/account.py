"""The account: payment intents, charges and refunds, and what Stripe refuses."""

import copy
import secrets
import string
import threading
import time

API_VERSION = "2024-06-20"
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation",
              "requires_action", "processing")

# Each refusal: code, decline_code, message.
DECLINED = ("card_declined", "generic_decline", "Your card was declined.")
NO_FUNDS = ("card_declined", "insufficient_funds", "Your card has insufficient funds.")
EXPIRED = ("expired_card", None, "Your card has expired.")
# Each card: last four digits, the bank's refusal if any, whether it asks for 3-D Secure.
CARDS = {
    "pm_card_visa": ("4242", None, False),
    "pm_card_chargeDeclined": ("0002", DECLINED, False),
    "pm_card_visa_chargeDeclined": ("0002", DECLINED, False),
    "pm_card_visa_chargeDeclinedInsufficientFunds": ("9995", NO_FUNDS, False),
    "pm_card_chargeDeclinedExpiredCard": ("0069", EXPIRED, False),
    "pm_card_threeDSecure2Required": ("3220", None, True),
    "pm_card_authenticationRequired": ("3184", None, True),
    "pm_card_threeDSecureRequiredChargeDeclined": ("1629", DECLINED, True),
}
NO_CHARGE = {"paid": False, "amount_captured": 0, "amount_refunded": 0}


def new_id(prefix, size=24):
    letters = string.ascii_letters + string.digits
    return prefix + "".join(secrets.choice(letters) for _ in range(size))


def error_object(message, kind, **fields):
    return {"message": message, "type": kind,
            **{name: value for name, value in fields.items() if value is not None}}


class ApiError(Exception):
    """An error answer. `stored` says whether an idempotency key keeps it."""

    def __init__(self, status, message, kind="invalid_request_error", stored=True, **fields):
        super().__init__(message)
        self.status, self.stored = status, stored
        self.error = error_object(message, kind, **fields)


def invalid(message, **fields):
    """A refused parameter. Nothing was done, so the key stays free."""
    return ApiError(400, message, stored=False, **fields)


def missing_parameter(name):
    return invalid(f"Missing required param: {name}.", code="parameter_missing", param=name)


def unexpected_state(intent, message):
    return ApiError(400, message, code="payment_intent_unexpected_state",
                    payment_intent=copy.deepcopy(intent))


def check_state(intent, done, allowed):
    if intent["status"] not in allowed:
        raise unexpected_state(
            intent, f"This PaymentIntent could not be {done} because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may "
            f"be {done}: {', '.join(allowed)}.")


class Account:
    """All money. One lock guards it; every method expects it held."""

    def __init__(self, outbox):
        self.lock = threading.Lock()
        self.outbox = outbox
        self.intents, self.methods, self.charges, self.refunds_made = {}, {}, {}, []

    def emit(self, kind, snapshot, request):
        self.outbox.post({
            "id": new_id("evt_1"), "object": "event", "api_version": API_VERSION,
            "created": int(time.time()), "data": {"object": copy.deepcopy(snapshot)},
            "livemode": False, "type": kind,
            "request": {"id": request.get("id"), "idempotency_key": request.get("key")}})

    def intent(self, name, param="intent"):
        if name not in self.intents:
            raise ApiError(404, f"No such payment_intent: '{name}'", code="resource_missing",
                           param=param)
        return self.intents[name]

    def method(self, name):
        """Resolve a payment method; the name of a test card makes a new one each time."""
        if name in self.methods:
            return name
        if name not in CARDS:
            raise ApiError(400, f"No such PaymentMethod: '{name}'", code="resource_missing",
                           param="payment_method")
        last4, refusal, asks = CARDS[name]
        made = {"id": new_id("pm_1"), "object": "payment_method", "type": "card",
                "card": {"brand": "visa", "last4": last4, "exp_month": 12, "exp_year": 2034},
                "created": int(time.time()), "livemode": False}
        self.methods[made["id"]] = (made, refusal, asks)
        return made["id"]

    def create(self, params, request):
        name = new_id("pi_3")
        intent = self.intents[name] = {
            "id": name, "object": "payment_intent", "amount": params["amount"],
            "amount_capturable": 0, "amount_received": 0, "canceled_at": None,
            "capture_method": params.get("capture_method", "automatic"),
            "client_secret": f"{name}_secret_{new_id('', 25)}", "created": int(time.time()),
            "currency": params["currency"], "customer": None, "description": None,
            "last_payment_error": None, "latest_charge": None, "livemode": False,
            "metadata": params.get("metadata", {}), "next_action": None, "payment_method": None,
            "payment_method_types": ["card"], "status": "requires_payment_method"}
        self.emit("payment_intent.created", intent, request)
        return intent

    def retrieve(self, params, request, name):
        """Find an intent. A publishable key needs its client_secret as well."""
        intent, given = self.intent(name), params.get("client_secret")
        if given is None and request["publishable"]:
            raise missing_parameter("client_secret")
        if given not in (None, intent["client_secret"]):
            raise invalid("The client_secret provided does not match the PaymentIntent's.",
                          code="payment_intent_invalid_parameter", param="client_secret")
        return intent

    def confirm(self, params, request, name):
        intent = self.retrieve(params, request, name)
        check_state(intent, "confirmed", CONFIRMABLE)
        if params.get("payment_method"):
            intent["payment_method"] = self.method(params["payment_method"])
        if not intent["payment_method"]:
            raise unexpected_state(intent, "This PaymentIntent is missing a payment method.")
        intent.update(last_payment_error=None, next_action=None)
        _, _, asks = self.methods[intent["payment_method"]]
        if not asks:
            self.charge(intent, request)
            return intent
        url = "https://hooks.stripe.com/redirect/authenticate/" + new_id("src_1")
        kind, details = "use_stripe_sdk", {"type": "three_d_secure_redirect", "stripe_js": url}
        if params.get("return_url"):
            kind, details = "redirect_to_url", {"return_url": params["return_url"], "url": url}
        intent.update(status="requires_action", next_action={"type": kind, kind: details})
        self.emit("payment_intent.requires_action", intent, request)
        return intent

    def charge(self, intent, request):
        method, refusal, _ = self.methods[intent["payment_method"]]
        name = intent["latest_charge"] = new_id("ch_3")
        self.charges[name] = {
            "id": name, "object": "charge", "amount": intent["amount"], "amount_captured": 0,
            "amount_refunded": 0, "captured": False, "created": int(time.time()),
            "currency": intent["currency"], "livemode": False, "paid": not refusal,
            "metadata": dict(intent["metadata"]), "payment_intent": intent["id"],
            "payment_method": method["id"], "refunded": False,
            "status": "failed" if refusal else "succeeded"}
        if refusal:
            code, decline_code, message = refusal
            fields = {"code": code, "decline_code": decline_code, "charge": name,
                      "payment_method": method}
            self.fail(intent, error_object(message, "card_error", **fields), request)
            raise ApiError(402, message, "card_error", **fields,
                           payment_intent=copy.deepcopy(intent))
        if intent["capture_method"] == "automatic":
            self.settle(intent, intent["amount"], request)
            return
        intent.update(status="requires_capture", amount_capturable=intent["amount"])
        self.emit("payment_intent.amount_capturable_updated", intent, request)

    def settle(self, intent, amount, request):
        self.charges[intent["latest_charge"]].update(captured=True, amount_captured=amount)
        intent.update(status="succeeded", amount_capturable=0, amount_received=amount)
        self.emit("payment_intent.succeeded", intent, request)

    def fail(self, intent, error, request):
        intent.update(status="requires_payment_method", last_payment_error=error,
                      next_action=None, payment_method=None)
        self.emit("payment_intent.payment_failed", intent, request)

    def complete_action(self, name, succeed):
        intent = self.intent(name)
        check_state(intent, "authenticated", ("requires_action",))
        if not succeed:
            self.fail(intent, error_object(
                "The provided PaymentMethod has failed authentication.", "invalid_request_error",
                code="payment_intent_authentication_failure",
                payment_method=self.methods[intent["payment_method"]][0]), {})
            return intent
        intent["next_action"] = None
        try:
            self.charge(intent, {})
        except ApiError:
            pass  # The bank declined after all; the intent says so.
        return intent

    def capture(self, params, request, name):
        intent = self.intent(name)
        check_state(intent, "captured", ("requires_capture",))
        amount = params.get("amount_to_capture", intent["amount_capturable"])
        if amount > intent["amount_capturable"]:
            raise ApiError(400, "The requested capture amount is greater than the amount you can "
                           "capture.", code="amount_too_large", param="amount_to_capture")
        self.settle(intent, amount, request)
        return intent

    def cancel(self, params, request, name):
        intent = self.intent(name)
        check_state(intent, "canceled", CANCELABLE)
        intent.update(status="canceled", canceled_at=int(time.time()), amount_capturable=0,
                      next_action=None)
        self.emit("payment_intent.canceled", intent, request)
        return intent

    def refunds(self, params, request):
        name = params["payment_intent"]
        charge = self.charges.get(self.intent(name, "payment_intent")["latest_charge"])
        if charge is None or not charge["captured"]:
            raise ApiError(400, f"This PaymentIntent ({name}) does not have a successful charge "
                           "to refund.", param="payment_intent")
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = params.get("amount", left)
        if left == 0:
            raise ApiError(400, f"Charge {charge['id']} has already been refunded.",
                           code="charge_already_refunded")
        if amount > left:
            raise ApiError(400, f"Refund amount ({amount}) is greater than unrefunded amount on "
                           f"charge ({left})", code="amount_too_large", param="amount")
        refund = {"id": new_id("re_3"), "object": "refund", "amount": amount,
                  "charge": charge["id"], "created": int(time.time()),
                  "currency": charge["currency"], "payment_intent": name,
                  "status": "succeeded"}
        self.refunds_made.insert(0, refund)
        charge.update(amount_refunded=charge["amount_refunded"] + amount,
                      refunded=amount == left)
        self.emit("charge.refunded", charge, request)
        return refund

    def list_refunds(self, params, request):
        rows = [refund for refund in self.refunds_made
                if params.get("payment_intent") in (None, refund["payment_intent"])]
        limit = params.get("limit", 10)
        return {"object": "list", "data": rows[:limit], "has_more": len(rows) > limit,
                "url": "/v1/refunds"}

    def ledger(self):
        rows = []
        for intent in self.intents.values():
            # No charge follows one that is paid, so the latest tells all.
            charge = self.charges.get(intent["latest_charge"], NO_CHARGE)
            rows.append({
                "payment_intent": intent["id"], "held": intent["amount_capturable"],
                "authorized": charge["amount"] if charge["paid"] else 0,
                "captured": charge["amount_captured"], "refunded": charge["amount_refunded"],
                "canceled": intent["status"] == "canceled",
                **{name: intent[name] for name in ("amount", "status", "currency", "metadata")}})
        return rows
