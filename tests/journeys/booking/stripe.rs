//! Paying with Stripe: in the browser, by a payment method, with a bank that asks, and not at all.

use aws_lc_rs::hmac;
use marquee_kernel::time::Clock;
use marquee_lambda::clock::SystemClock;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Marquee, eventually, text},
    stripe::{Stripe, WEBHOOK_SECRET, provider_at},
};

const CARD: &str = "pm_card_visa";

/// A hold, and its payment begun.
struct Visit {
    user: Uuid,
    session: String,
    seat: String,
    id: String,
    begun: Value,
}

impl Visit {
    async fn new(marquee: &Marquee) -> Self {
        let session = marquee.new_session(1, 1).await;
        let seat = marquee.seat_ids(&session).await.remove(0);
        Self::of(marquee, session, seat).await
    }

    async fn of(marquee: &Marquee, session: String, seat: String) -> Self {
        let user = Uuid::new_v4();
        let id = marquee.hold(user, &session, &[&seat]).await;
        let path = format!("/api/v1/reservations/{id}/payment");
        let begun = marquee.post_as(user, &path, &json!({})).await.expect(201);
        Self { user, session, seat, id, begun }
    }

    fn reference(&self) -> String {
        text(&self.begun["reference"])
    }

    async fn confirm(&self, marquee: &Marquee, body: &Value) -> crate::reply::Reply {
        let path = format!("/api/v1/reservations/{}/confirm", self.id);
        marquee.post_as(self.user, &path, body).await
    }

    async fn await_captured(&self, marquee: &Marquee, stripe: &Stripe) {
        marquee.await_payment(self.user, &self.id, "captured").await;
        let ledger = stripe.ledger(&self.reference()).await;
        assert_eq!((&ledger["captured"], &ledger["refunded"]), (&json!(4_000), &json!(0)));
        let metadata = &ledger["metadata"];
        assert_eq!(metadata["marquee_kind"], "reservation");
        assert_eq!(metadata["marquee_id"], self.id);
    }
}

#[tokio::test]
async fn who_pays_in_the_browser_and_comes_back_has_the_seats() {
    let (marquee, stripe) = Marquee::start_with_stripe().await;
    let visit = Visit::new(&marquee).await;
    visit.confirm(&marquee, &json!({})).await.problem(402, "payment-incomplete");
    assert_eq!(stripe.pay(&visit.begun, CARD).await["status"], "requires_capture");
    let confirmed = visit.confirm(&marquee, &json!({})).await.expect(200);
    assert_eq!(confirmed["payment"]["payment_id"], visit.begun["payment_id"]);
    visit.await_captured(&marquee, &stripe).await;
    marquee.await_status(&visit.session, &visit.seat, "sold").await;
}

#[tokio::test]
async fn who_pays_in_the_browser_and_never_comes_back_has_the_seats_too() {
    let (marquee, stripe) = Marquee::start_with_stripe().await;
    let visit = Visit::new(&marquee).await;
    stripe.pay(&visit.begun, CARD).await;
    visit.await_captured(&marquee, &stripe).await;
    let tickets = format!("/api/v1/tickets/user/{}", visit.user);
    let tickets = marquee.get_as(visit.user, &tickets).await.expect(200);
    assert_eq!(tickets.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_declined_card_leaves_the_seats_on_hold_for_another_card() {
    let (marquee, stripe) = Marquee::start_with_stripe().await;
    let visit = Visit::new(&marquee).await;
    let declined = json!({ "payment_method": "pm_card_visa_chargeDeclinedInsufficientFunds" });
    let unknown = json!({ "payment_method": "no card at all" });
    for means in [&declined, &declined, &unknown] {
        visit.confirm(&marquee, means).await.problem(402, "payment-declined");
    }
    visit.confirm(&marquee, &json!({ "payment_method": CARD })).await.expect(200);
    visit.await_captured(&marquee, &stripe).await;
}

#[tokio::test]
async fn a_bank_that_asks_the_buyer_is_waited_for() {
    let (marquee, stripe) = Marquee::start_with_stripe().await;
    let visit = Visit::new(&marquee).await;
    let asking = json!({ "payment_method": "pm_card_threeDSecure2Required" });
    let problem = visit.confirm(&marquee, &asking).await.problem(402, "payment-incomplete");
    assert_eq!(problem["client_secret"], visit.begun["client_secret"]);
    let action = format!("complete_action/{}", visit.reference());
    stripe.control(&action, &json!({ "outcome": "succeed" })).await;
    visit.await_captured(&marquee, &stripe).await;
}

#[tokio::test]
async fn a_payment_named_by_somebody_else_pays_for_nothing() {
    let (marquee, stripe) = Marquee::start_with_stripe().await;
    let (paid, other) = (Visit::new(&marquee).await, Visit::new(&marquee).await);
    stripe.pay(&paid.begun, CARD).await;
    paid.await_captured(&marquee, &stripe).await;
    let stolen = json!({ "payment_id": paid.begun["payment_id"] });
    other.confirm(&marquee, &stolen).await.problem(409, "payment-used");
    let unknown = json!({ "payment_id": "pi_of_nobody" });
    other.confirm(&marquee, &unknown).await.problem(422, "payment-unknown");
}

#[tokio::test]
async fn what_is_cancelled_can_no_longer_be_paid_for() {
    let (marquee, stripe) = Marquee::start_with_stripe().await;
    let visit = Visit::new(&marquee).await;
    let path = format!("/api/v1/reservations/{}", visit.id);
    marquee.delete_as(visit.user, &path).await.expect(200);
    let withdrawn =
        eventually(async || stripe.ledger(&visit.reference()).await["canceled"] == true);
    assert!(withdrawn.await, "the payment can still be made");
    assert!(stripe.pay(&visit.begun, CARD).await["error"].is_object());
}

/// Nothing of ours takes money for seats that are lost; but a person may, at the provider.
#[tokio::test]
async fn what_was_taken_for_seats_that_are_lost_goes_back() {
    let (marquee, stripe) = Marquee::start_with_stripe().await;
    let late = Visit::new(&marquee).await;
    marquee.await_status(&late.session, &late.seat, "available").await;
    let quick = Visit::of(&marquee, late.session.clone(), late.seat.clone()).await;
    quick.confirm(&marquee, &json!({ "payment_method": CARD })).await.expect(200);
    // Nobody is told until both has happened.
    stripe.control("webhooks", &json!({ "mute": [late.reference()] })).await;
    assert_eq!(stripe.pay(&late.begun, CARD).await["status"], "requires_capture");
    stripe.capture_by_hand(&late.reference()).await;
    let refused = late.confirm(&marquee, &json!({})).await.problem(410, "hold-expired");
    assert_eq!(refused["payment"]["status"], "refunded", "{refused}");
    let ledger = stripe.ledger(&late.reference()).await;
    assert_eq!((&ledger["captured"], &ledger["refunded"]), (&json!(4_000), &json!(4_000)));
    let seen = marquee.await_payment(late.user, &late.id, "refunded").await;
    assert!(seen["payment"]["refund_due_at"].is_string(), "{seen}");
    quick.await_captured(&marquee, &stripe).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_takes_no_money_twice() {
    let (marquee, stripe) = Marquee::start_with_stripe().await;
    let visit = Visit::new(&marquee).await;
    for path in ["confirm", "capture"] {
        let fault = json!({ "path": path, "kind": "answer_lost", "times": 1 });
        stripe.control("faults", &fault).await;
    }
    visit.confirm(&marquee, &json!({ "payment_method": CARD })).await.expect(200);
    visit.await_captured(&marquee, &stripe).await;
}

fn signed(secret: &str, seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={hex}")
}

#[tokio::test]
async fn notifications_that_are_forged_or_old_are_refused_and_repeated_ones_change_nothing() {
    let (marquee, stripe) = Marquee::start_with_stripe().await;
    let visit = Visit::new(&marquee).await;
    stripe.pay(&visit.begun, CARD).await;
    visit.await_captured(&marquee, &stripe).await;

    let metadata = json!({ "marquee_kind": "reservation", "marquee_id": visit.id });
    let event = json!({
        "type": "payment_intent.canceled", "data": { "object": { "metadata": metadata } },
    });
    let event = event.to_string();
    let now = SystemClock.now().millis() / 1_000;
    let send = async |signature: String| {
        let headers = [("stripe-signature", &*signature)];
        let path = "/api/v1/payments/webhook";
        marquee.send(Method::POST, path, &headers, Some(event.clone())).await
    };
    let forged = signed("whsec_somebody", now, &event);
    send(forged).await.problem(400, "webhook-not-genuine");
    let old = signed(WEBHOOK_SECRET, now - 600, &event);
    send(old).await.problem(400, "webhook-not-genuine");
    // Genuine, but false: what became of the payment is asked of the provider.
    send(signed(WEBHOOK_SECRET, now, &event)).await.expect(200);

    let told = stripe.deliveries().await;
    let of_this =
        |delivery: &&Value| delivery["type"] == "payment_intent.amount_capturable_updated";
    let event = told.iter().find(of_this).expect("a delivery")["event"].clone();
    stripe.control("redeliver", &json!({ "event": event, "times": 3 })).await;
    marquee.come_to_rest().await;
    visit.await_captured(&marquee, &stripe).await;
}

/// A server that others wrote, so that we do not agree only with ourselves. It knows no idempotency keys
/// and no payment method with a confirmation: so the buyer pays in the browser, and all goes well.
#[tokio::test]
async fn buying_works_with_localstripe() {
    let url = marquee_testkit::server("LOCALSTRIPE_URL");
    let marquee = Marquee::start_here(|settings| {
        settings.payments = provider_at(&url, settings.payments.clone());
    })
    .await;
    let visit = Visit::new(&marquee).await;
    let http = reqwest::Client::new();
    let intent = format!("{url}/v1/payment_intents/{}", visit.reference());
    for (path, form) in [("", vec![("payment_method", CARD)]), ("/confirm", vec![])] {
        let request = http.post(format!("{intent}{path}")).bearer_auth("sk_test_browser");
        let response = request.form(&form).send().await.expect("an answer");
        assert!(response.status().is_success(), "{path}: {:?}", response.text().await);
    }
    visit.confirm(&marquee, &json!({})).await.expect(200);
    marquee.await_payment(visit.user, &visit.id, "captured").await;
    let asked = http.get(&intent).bearer_auth("sk_test_browser").send().await.expect("an answer");
    let intent: Value = asked.json().await.expect("json");
    assert_eq!((&intent["status"], &intent["amount"]), (&json!("succeeded"), &json!(4_000)));
}
