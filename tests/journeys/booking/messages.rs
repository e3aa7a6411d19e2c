//! Messages from clients that know nothing of us: by hand, many times, late, or no messages at all.

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Marquee, payment};

const EXCHANGE: &str = "ticketing_events";
const QUEUE: &str = "event_service_queue";

fn event(key: &str, session: &str, reservation: &str, seats: &[&str]) -> Value {
    json!({
        "event_type": key, "reservation_id": reservation, "user_id": Uuid::new_v4(),
        "session_id": session, "session_seat_ids": seats,
    })
}

#[tokio::test]
async fn an_event_with_no_metadata_sells_the_seats_of_another_services_reservation() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let reservation = Uuid::new_v4().to_string();
    let body = json!({ "session_seat_ids": [seats[0]], "reservation_id": reservation });
    let path = format!("/api/internal/sessions/{session}/seats/reserve");
    marquee.post(&path, &body).await.expect(200);
    let event = event("reservation.confirmed", &session, &reservation, &[&seats[0]]);
    marquee.wire().await.publish(EXCHANGE, "reservation.confirmed", &event.to_string()).await;
    marquee.await_status(&session, &seats[0], "sold").await;
}

#[tokio::test]
async fn ten_copies_at_once_change_no_more_than_one_did() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 2).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let sold = marquee.hold(user, &session, &[&seats[0]]).await;
    marquee.confirm(user, &sold, &payment()).await.expect(200);
    marquee.await_status(&session, &seats[0], "sold").await;
    let wire = marquee.wire().await;
    let copies = ["confirmed", "expired", "cancelled"].iter().cycle().take(30).map(|what| {
        let key = format!("reservation.{what}");
        let body = event(&key, &session, &sold, &[&seats[0]]).to_string();
        let wire = &wire;
        async move { wire.publish(EXCHANGE, &key, &body).await }
    });
    join_all(copies).await;
    marquee.come_to_rest().await;
    assert_eq!(marquee.seat(&session, &seats[0]).await["status"], "sold");
    assert_eq!(marquee.seat(&session, &seats[1]).await["status"], "available");
    let tickets = marquee.get(&format!("/api/v1/tickets/user/{user}")).await.expect(200);
    assert_eq!(tickets.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_old_event_does_not_touch_the_seats_next_owner() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    let over = marquee.hold(first, &session, &[&seats[0]]).await;
    marquee.delete_as(first, &format!("/api/v1/reservations/{over}")).await.expect(200);
    let next = marquee.hold(second, &session, &[&seats[0]]).await;
    let wire = marquee.wire().await;
    for key in ["reservation.cancelled", "reservation.expired", "reservation.confirmed"] {
        let body = event(key, &session, &over, &[&seats[0]]).to_string();
        join_all((0..10).map(|_| wire.publish(EXCHANGE, key, &body))).await;
    }
    marquee.come_to_rest().await;
    assert_eq!(marquee.seat(&session, &seats[0]).await["status"], "reserved");
    marquee.confirm(second, &next, &payment()).await.expect(200);
    marquee.await_status(&session, &seats[0], "sold").await;
}

#[tokio::test]
async fn poison_among_good_messages_is_a_dead_letter_untouched_and_with_a_reason() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 4).await;
    let seats = marquee.seat_ids(&session).await;
    let wire = marquee.wire().await;
    let reservation = Uuid::new_v4().to_string();
    let all: Vec<&str> = seats.iter().map(String::as_str).collect();
    let body = json!({ "session_seat_ids": all, "reservation_id": reservation });
    let path = format!("/api/internal/sessions/{session}/seats/reserve");
    marquee.post(&path, &body).await.expect(200);
    let poison = format!("{{ \"not json\": {} ", Uuid::new_v4());
    for (n, seat) in all.iter().enumerate() {
        if n == 2 {
            wire.publish(EXCHANGE, "reservation.confirmed", &poison).await;
        }
        let good = event("reservation.confirmed", &session, &reservation, &[seat]).to_string();
        wire.publish(EXCHANGE, "reservation.confirmed", &good).await;
    }
    for seat in &all {
        marquee.await_status(&session, seat, "sold").await;
    }
    let reason = wire.dead_letter(QUEUE, &poison).await;
    assert!(reason.contains("not a reservation event"), "{reason}");
}
