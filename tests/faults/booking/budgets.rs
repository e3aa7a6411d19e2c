//! What each step of a booking may cost, by DynamoDB's own account.

use marquee_messaging::message::Message;
use marquee_testkit::capacity::units;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    booking::world::World,
    price::{Line, settle},
    system::by_hand,
};

fn confirmed_event(session: &str, reservation: &Value, user: Uuid) -> Message {
    let seats: Vec<_> = reservation["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["session_seat_id"].clone())
        .collect();
    by_hand(&json!({
        "event_type": "reservation.confirmed", "session_id": session, "user_id": user,
        "reservation_id": reservation["id"], "session_seat_ids": seats,
    }))
}

/// The event as the booking itself wrote it.
async fn last_event(world: &World) -> Message {
    world.published().await.pop().expect("an event")
}

#[tokio::test]
async fn a_hold_is_one_write_request_and_a_refused_one_reads_nothing() {
    let world = World::new().await;
    let (session, seats) = world.session(2, 33).await;
    let two = [seats[3].as_str(), &seats[4]];
    let mut lines = Vec::new();

    world.meter.take();
    let first = Uuid::new_v4();
    world.held(first, &session, &two).await;
    let line = Line::new("hold 2 seats, plan not known yet", &world.meter, 1.0, 5.0);
    assert!(line.requests.len() <= 2);
    lines.push(line);

    let (status, _) = world.hold(Uuid::new_v4(), &session, &two).await;
    assert_eq!(status, 409);
    let line = Line::new("hold refused, seats taken", &world.meter, 0.0, 4.0);
    assert_eq!(line.requests.len(), 1, "{:?}", line.requests);
    assert!(line.requests[0].refused);
    lines.push(line);

    let two = [seats[5].as_str(), &seats[6]];
    world.held(Uuid::new_v4(), &session, &two).await;
    let line = Line::new("hold 2 seats", &world.meter, 0.0, 5.0);
    assert_eq!(line.requests.len(), 1, "{:?}", line.requests);
    lines.push(line);

    world.held(first, &session, &[&seats[8]]).await;
    let line = Line::new("hold by a user who has another", &world.meter, 1.0, 5.0);
    assert_eq!(line.requests.len(), 3, "refused, read, held: {:?}", line.requests);
    lines.push(line);
    settle(&lines);
}

/// With everything that a request can bring: a fare for each seat, and a key.
async fn whole_life(seat_count: usize, payment: Option<&str>) -> Vec<Line> {
    let world = World::new().await;
    let (session, seats) = world.session(1, 33).await;
    let user = Uuid::new_v4();
    let tier = json!({ "name": "T", "multiplier": "0.75" });
    let (_, tier) = world.call("POST", "/api/v1/price-tiers", None, &tier).await;
    let wanted: Vec<_> = seats
        .iter()
        .take(seat_count)
        .map(|seat| json!({ "session_seat_id": seat, "price_tier_id": tier["price_tier_id"] }))
        .collect();
    world.meter.take();
    let body = json!({ "session_id": session, "seats": wanted });
    let (status, held) = world.call("POST", "/api/v1/reservations", Some(user), &body).await;
    assert_eq!(status, 201);
    let id = held["id"].as_str().expect("an id");
    let hold = Line::new(&format!("hold {seat_count}"), &world.meter, 2.0, 5.0);
    let (status, _) = match payment {
        Some(payment) => world.pay_with(user, id, payment).await,
        None => world.pay(user, id).await,
    };
    assert_eq!(status, 200);
    // Of a payment that the buyer names: its record, and that it is due until it is decided.
    let (bound, due) = if payment.is_some() { (1.0, 1.0) } else { (0.0, 0.0) };
    let step = format!("confirm {seat_count}, payment {}", payment.unwrap_or("of its own"));
    let confirm = Line::new(&step, &world.meter, 1.0, 6.0 + bound + due);
    let event = last_event(&world).await;
    world.meter.take();
    world.consume(&event).await;
    let sold = Line::new(&format!("mark {seat_count} sold"), &world.meter, 0.0, 1.0);
    world.decide(&event).await;
    let capture = Line::new("capture", &world.meter, 3.0, 1.0 + due);
    assert_eq!(world.seats(&session).await[0]["status"], "sold");
    assert_eq!(world.payment(user, id).await["status"], "captured");
    world.meter.take();
    world.call("GET", &format!("/api/v1/tickets/user/{user}"), Some(user), &Value::Null).await;
    // Consistent: a ticket is there as soon as its confirmation was answered.
    let tickets = Line::new(&format!("read {seat_count} tickets"), &world.meter, 1.0, 0.0);
    assert_eq!(units(&tickets.requests).0, 1.0);
    vec![hold, confirm, sold, capture, tickets]
}

/// Before payments were on record it was 11 write units, and 12 for six seats.
#[tokio::test]
async fn a_payment_adds_one_write_unit_to_a_booking_and_four_if_the_buyer_names_it() {
    let mut lines = Vec::new();
    for seat_count in 1..=6 {
        for (payment, most) in [(None, 12.0), (Some("P-1"), 15.0)] {
            let more = if seat_count > 1 { 1.0 } else { 0.0 };
            let life = whole_life(seat_count, payment).await;
            let step = format!("all of a booking of {seat_count}");
            let total = Line::total(&step, &life, 7.0, most + more);
            lines.extend(life);
            lines.push(total);
        }
    }
    settle(&lines);
}

#[tokio::test]
async fn a_seat_map_of_ten_thousand_seats_costs_at_most_25_read_units() {
    let mut lines = Vec::new();
    for (rows, per_row) in [(300, 34), (100, 100)] {
        let world = World::new().await;
        let (session, seats) = world.session(rows, per_row).await;
        world.held(Uuid::new_v4(), &session, &[&seats[0], &seats[1]]).await;
        world.meter.take();
        assert_eq!(world.seats(&session).await.len(), usize::from(rows) * usize::from(per_row));
        let step = format!("seat map, {rows} rows of {per_row}");
        lines.push(Line::new(&step, &world.meter, 25.0, 0.0));
    }
    settle(&lines);
}

#[tokio::test]
async fn the_other_steps_stay_within_their_budgets() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 33).await;
    let user = Uuid::new_v4();
    let id = world.held(user, &session, &[&seats[0], &seats[1]]).await;
    world.meter.take();
    let path = format!("/api/v1/reservations/{id}");
    world.call("GET", &path, Some(user), &Value::Null).await;
    let mut lines = vec![Line::new("read a reservation", &world.meter, 1.0, 0.0)];
    world.call("DELETE", &path, Some(user), &Value::Null).await;
    lines.push(Line::new("cancel", &world.meter, 1.0, 5.0));
    let event = last_event(&world).await;
    world.consume(&event).await;
    world.meter.take();

    let user = Uuid::new_v4();
    world.held(user, &session, &[&seats[2]]).await;
    world.meter.take();
    world.clock_past_hold();
    assert_eq!(world.sweep(100).await.expired, 1);
    lines.push(Line::new("expire one reservation", &world.meter, 8.0, 2.0));
    let event = last_event(&world).await;
    world.meter.take();
    world.consume(&event).await;
    lines.push(Line::new("free its seat", &world.meter, 0.0, 1.0));
    assert_eq!(world.sweep(100).await.expired, 0);
    lines.push(Line::new("sweep with nothing to do", &world.meter, 4.0, 0.0));

    let user = Uuid::new_v4();
    let (_, held) = world.hold(user, &session, &[&seats[3]]).await;
    world.confirm(user, held["id"].as_str().expect("an id")).await;
    world.meter.take();
    world.consume(&confirmed_event(&session, &held, user)).await;
    lines.push(Line::new("mark sold, event published by hand", &world.meter, 0.0, 2.0));
    let ticket = held["items"][0]["id"].as_str().expect("an id");
    world.call("POST", &format!("/api/v1/tickets/{ticket}/check-in"), None, &json!({})).await;
    lines.push(Line::new("check in", &world.meter, 1.0, 1.0));
    settle(&lines);
}
