//! The ticket booking user flow, step by step, with the identifiers of its document.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Marquee, payment, text},
    scene::Scene,
};

fn payload(scene: &Scene, seats: &[(&str, &str)]) -> Value {
    let seats: Vec<_> = seats
        .iter()
        .map(|(id, number)| {
            json!({
                "session_seat_id": id, "row_number": "1", "seat_number": number,
                "price_tier_id": scene.price_tier,
            })
        })
        .collect();
    json!({ "session_id": scene.session, "seats": seats })
}

#[tokio::test]
async fn the_six_steps_and_the_optional_seventh_answer_as_the_document_shows() {
    let marquee = Marquee::start().await;
    let scene = marquee.scene().await;
    let (user, session, seat_4) = (scene.user, &scene.session, &scene.seat_4);

    // Step 1: view available seats.
    let map = marquee.get(&format!("/api/v1/sessions/{session}/seat-map")).await.expect(200);
    assert_eq!(map["session_id"], *session);
    assert_eq!(map["hall_id"], scene.hall);
    let seat = map["seats"].as_array().expect("seats").iter();
    let seat = seat.clone().find(|seat| seat["session_seat_id"] == *seat_4).expect("seat 4");
    assert_eq!(seat["seat_id"], scene.hall_seat_4);
    assert_eq!((&seat["row_number"], &seat["seat_number"]), (&json!("1"), &json!("4")));
    assert_eq!(seat["price"].to_string(), "100.0");
    assert_eq!((&seat["status"], &seat["reserved_until"]), (&json!("available"), &Value::Null));

    // Step 2: create a reservation.
    let reply =
        marquee.post_as(user, "/api/v1/reservations", &payload(&scene, &[(seat_4, "4")])).await;
    let reservation = reply.expect(201);
    let id = text(&reservation["id"]);
    assert_eq!(reservation["user_id"], user.to_string());
    assert_eq!(reservation["session_id"], *session);
    assert_eq!(reservation["seats_count"], 1);
    assert_eq!(reservation["total_amount"].to_string(), "100.0");
    assert_eq!(reservation["status"], "active");
    let remaining = reservation["time_remaining_seconds"].as_u64().expect("seconds");
    assert!((590..=600).contains(&remaining), "{remaining}");
    for time in ["booking_time", "expiry_time", "created_at", "updated_at"] {
        let time = text(&reservation[time]);
        assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
    }
    let item = &reservation["items"][0];
    assert!(text(&item["id"]).parse::<Uuid>().is_ok());
    assert_eq!(item["session_seat_id"], *seat_4);
    assert_eq!((&item["row_number"], &item["seat_number"]), (&json!("1"), &json!("4")));
    assert_eq!(item["price"].to_string(), "100.0");
    assert_eq!(item["discount_amount"].to_string(), "0.0");
    assert_eq!(item["final_price"].to_string(), "100.0");

    // Step 3: the seat is reserved, until the hold runs out.
    let seat = marquee.seat(session, seat_4).await;
    assert_eq!(seat["status"], "reserved");
    assert_eq!(seat["reserved_until"], reservation["expiry_time"]);

    // Step 4: confirm.
    let confirmed = marquee.confirm(user, &id, &payment()).await.expect(200);
    assert_eq!(confirmed["id"], id);
    assert_eq!(confirmed["status"], "confirmed");
    assert_eq!(confirmed["total_amount"].to_string(), "100.0");
    assert_eq!(confirmed["seats_count"], 1);

    // Step 5: the event has marked the seat sold.
    let sold = marquee.await_status(session, seat_4, "sold").await;
    assert_eq!(sold["reserved_until"], reservation["expiry_time"]);

    // Step 6: the ticket.
    let tickets = marquee.get(&format!("/api/v1/tickets/user/{user}")).await.expect(200);
    let tickets = tickets.as_array().expect("a list");
    assert_eq!(tickets.len(), 1);
    let ticket = &tickets[0];
    assert_eq!(ticket["reservation_id"], id);
    assert_eq!(ticket["user_id"], user.to_string());
    assert_eq!(ticket["session_id"], *session);
    assert_eq!(ticket["session_seat_id"], *seat_4);
    assert_eq!((&ticket["row_number"], &ticket["seat_number"]), (&json!("1"), &json!("4")));
    assert_eq!(ticket["price"].to_string(), "100.0");
    assert_eq!((&ticket["status"], &ticket["is_used"]), (&json!("active"), &json!(false)));
    assert!(text(&ticket["qr_code"]).starts_with("data:image/png;base64,"));
    assert_eq!(text(&ticket["created_at"]).len(), 20);

    // Step 7: the QR code.
    let qr = marquee.get(&format!("/api/v1/tickets/{}/qr", text(&ticket["id"]))).await;
    assert_eq!((qr.status, qr.header("content-type")), (200, "image/png"));
    assert!(qr.bytes.starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn of_two_who_book_the_same_seat_at_once_one_is_told_that_it_is_locked() {
    let marquee = Marquee::start().await;
    let scene = marquee.scene().await;
    let body = payload(&scene, &[(&scene.seat_4, "4")]);
    let (one, other) = tokio::join!(
        marquee.post_as(Uuid::new_v4(), "/api/v1/reservations", &body),
        marquee.post_as(Uuid::new_v4(), "/api/v1/reservations", &body),
    );
    let loser = if one.status == 201 { &other } else { &one };
    assert_eq!([one.status, other.status].iter().filter(|status| **status == 201).count(), 1);
    let problem = loser.problem(409, "seat-taken");
    assert!(text(&problem["detail"]).contains("already locked"));
    assert_eq!(problem["seats"][0]["session_seat_id"], scene.seat_4);
}

#[tokio::test]
async fn an_unpaid_reservation_runs_out_and_its_seat_is_available_again() {
    let marquee = Marquee::start_with_hold(300).await;
    let scene = marquee.scene().await;
    let (user, session, seat_4) = (scene.user, &scene.session, &scene.seat_4);
    let reply =
        marquee.post_as(user, "/api/v1/reservations", &payload(&scene, &[(seat_4, "4")])).await;
    let id = text(&reply.expect(201)["id"]);
    let seat = marquee.await_status(session, seat_4, "available").await;
    assert_eq!(seat["reserved_until"], Value::Null);
    let reservation = marquee.get_as(user, &format!("/api/v1/reservations/{id}")).await.expect(200);
    assert_eq!(reservation["status"], "expired");
    assert_eq!(reservation["time_remaining_seconds"], 0);
}

#[tokio::test]
async fn several_seats_are_reserved_and_sold_together() {
    let marquee = Marquee::start().await;
    let scene = marquee.scene().await;
    let (user, session) = (scene.user, &scene.session);
    let seats = [&scene.seat_4, &scene.seat_5];
    let body = payload(&scene, &[(seats[0], "4"), (seats[1], "5")]);
    let reservation = marquee.post_as(user, "/api/v1/reservations", &body).await.expect(201);
    assert_eq!(reservation["total_amount"].to_string(), "200.0");
    for seat in seats {
        assert_eq!(marquee.seat(session, seat).await["status"], "reserved");
    }
    marquee.confirm(user, &text(&reservation["id"]), &payment()).await.expect(200);
    for seat in seats {
        marquee.await_status(session, seat, "sold").await;
    }
    let tickets = marquee.get(&format!("/api/v1/tickets/user/{user}")).await.expect(200);
    assert_eq!(tickets.as_array().map(Vec::len), Some(2));
    marquee.come_to_rest().await;
}
