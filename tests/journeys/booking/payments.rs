//! Payments on the stand-in: one pays for one thing, and no state of money waits for a buyer to ask again.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Marquee, payment, text};

#[tokio::test]
async fn a_confirmed_reservations_payment_is_reserved_first_and_taken_a_moment_later() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let id = marquee.hold(user, &session, &[&seats[0]]).await;
    let confirmed = marquee.confirm(user, &id, &payment()).await.expect(200);
    assert_eq!(confirmed["payment"]["status"], "authorised");
    let taken = marquee.await_payment(user, &id, "captured").await;
    for time in ["at", "authorised_at", "captured_at"] {
        assert!(text(&taken["payment"][time]).ends_with('Z'), "{taken}");
    }
}

#[tokio::test]
async fn a_payment_confirms_one_reservation_whoever_brings_it_again() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 3).await;
    let seats = marquee.seat_ids(&session).await;
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    let paid = payment();
    let kept = marquee.hold(one, &session, &[&seats[0]]).await;
    marquee.confirm(one, &kept, &paid).await.expect(200);
    // Held and cancelled, and then paid for with what has paid already.
    let dropped = marquee.hold(one, &session, &[&seats[1]]).await;
    marquee.delete_as(one, &format!("/api/v1/reservations/{dropped}")).await.expect(200);
    let refused = marquee.confirm(one, &dropped, &paid).await.problem(409, "reservation-closed");
    assert!(refused.get("payment").is_none(), "nothing went back: {refused}");
    for (user, seat) in [(one, &seats[1]), (other, &seats[2])] {
        let held = marquee.hold(user, &session, &[seat]).await;
        marquee.confirm(user, &held, &paid).await.problem(409, "payment-used");
        marquee.confirm(user, &held, &payment()).await.expect(200);
    }
    marquee.await_payment(one, &kept, "captured").await;
    let tickets = marquee.get_as(one, &format!("/api/v1/tickets/user/{one}")).await.expect(200);
    assert_eq!(tickets.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_declined_payment_is_bound_to_nothing() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 2).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    for seat in &seats {
        let id = marquee.hold(user, &session, &[seat]).await;
        let declined = marquee.confirm(user, &id, "99999999-0000-0000-0000-000000000402").await;
        declined.problem(402, "payment-declined");
    }
}

#[tokio::test]
async fn without_a_named_payment_the_reservation_has_its_own() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let id = marquee.hold(user, &session, &[&seats[0]]).await;
    let path = format!("/api/v1/reservations/{id}");
    let begin = async || marquee.post_as(user, &format!("{path}/payment"), &json!({})).await;
    let begun = begin().await.expect(201);
    assert_eq!(begin().await.expect(201), begun, "it is the same each time");
    assert_eq!((&begun["amount"], &begun["currency"]), (&json!(40.0), &json!("eur")));
    let confirmed = marquee.post_as(user, &format!("{path}/confirm"), &json!({})).await.expect(200);
    assert_eq!(confirmed["payment"]["payment_id"], begun["payment_id"]);
    marquee.await_payment(user, &id, "captured").await;
    begin().await.problem(409, "reservation-closed");
}

#[tokio::test]
async fn a_notification_that_the_provider_did_not_sign_is_refused() {
    let marquee = Marquee::start().await;
    let event = json!({ "type": "payment_intent.succeeded", "data": { "object": {} } });
    let refused = marquee.post("/api/v1/payments/webhook", &event).await;
    refused.problem(400, "webhook-not-genuine");
}
