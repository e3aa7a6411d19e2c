//! What one caller may have.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::booking::world::{HOLD, World};

#[tokio::test]
async fn one_user_makes_no_more_than_thirty_reservations_of_a_session_in_a_minute() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 1).await;
    let user = Uuid::new_v4();
    for _ in 0..30 {
        let id = world.held(user, &session, &[&seats[0]]).await;
        let path = format!("/api/v1/reservations/{id}");
        assert_eq!(world.call("DELETE", &path, Some(user), &Value::Null).await.0, 200);
        world.clock_by(Duration::from_secs(1));
    }
    let (status, problem) = world.hold(user, &session, &[&seats[0]]).await;
    assert_eq!((status, &problem["type"]), (429, &json!("/problems/too-many-requests")));
    assert_eq!(problem["retry_after"], 30, "the first was thirty seconds ago");
    assert_eq!(world.hold(Uuid::new_v4(), &session, &[&seats[0]]).await.0, 201, "others may");
    world.clock_by(HOLD);
    assert_eq!(world.hold(user, &session, &[&seats[0]]).await.0, 201);
}

#[tokio::test]
async fn a_user_has_no_more_than_ten_seats_on_hold_in_one_reservation_or_in_all() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 12).await;
    let seats: Vec<_> = seats.iter().map(String::as_str).collect();
    let user = Uuid::new_v4();
    let (status, problem) = world.hold(user, &session, &seats[..11]).await;
    assert!((400..500).contains(&status), "eleven at once: {status} {problem}");
    world.held(user, &session, &seats[..6]).await;
    let (status, problem) = world.hold(user, &session, &seats[6..11]).await;
    assert!((400..500).contains(&status), "five more: {status} {problem}");
    world.held(user, &session, &seats[6..10]).await;
    world.held(Uuid::new_v4(), &session, &seats[10..11]).await;
    world.clock_by(HOLD);
    world.held(user, &session, &seats[..10]).await;
}

#[tokio::test]
async fn seats_are_held_only_while_they_are_on_sale() {
    let world = World::new().await;
    let hour = Duration::from_secs(3_600);
    let on_sale = json!({
        "sales_start": world.now_plus(hour).to_rfc3339_millis(),
        "sales_end": world.now_plus(2 * hour).to_rfc3339_millis(),
    });
    let (session, seats) = world.session_with(1, 1, on_sale).await;
    let seat = [seats[0].as_str()];
    assert_eq!(world.hold(Uuid::new_v4(), &session, &seat).await.0, 409, "not yet");
    world.clock_by(hour);
    world.held(Uuid::new_v4(), &session, &seat).await;
    world.clock_by(hour);
    assert_eq!(world.hold(Uuid::new_v4(), &session, &seat).await.0, 409, "not any more");
}

#[tokio::test]
async fn a_service_sells_no_seats_that_somebody_else_has() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 1).await;
    world.held(Uuid::new_v4(), &session, &[&seats[0]]).await;
    let before = world.seat_state(&session, &seats[0]).await;
    let body = json!({ "session_seat_ids": [seats[0]], "reservation_id": Uuid::new_v4() });
    let path = format!("/api/internal/sessions/{session}/seats/confirm");
    let (status, problem) = world.call("POST", &path, None, &body).await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(world.seat_state(&session, &seats[0]).await, before);
}
