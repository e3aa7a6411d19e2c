//! Visitors who ask for seats, and have them booked when their turn comes.

use serde_json::{Value, json};
use uuid::Uuid;

use super::lobby::{Lobby, Visitor};
use crate::harness::{Marquee, eventually, payment, text};

impl Lobby<'_> {
    async fn ask(&self, user: Uuid, request: &Value) -> crate::reply::Reply {
        self.marquee.post_as(user, &self.path("/requests"), request).await
    }

    /// Somebody new in the line, who asks for these seats.
    async fn asking(&self, request: &Value) -> Visitor {
        let user = Uuid::new_v4();
        let entry = text(&self.ask(user, request).await.expect(202)["id"]);
        let visitor = Visitor { user, entry };
        self.await_in_line(&visitor).await;
        visitor
    }

    /// The reservation that was made for the visitor.
    async fn booked(&self, visitor: &Visitor) -> Value {
        let mut entry = Value::Null;
        let booked = eventually(async || {
            entry = self.entry(visitor).await;
            entry["reservation_id"].is_string()
        });
        assert!(booked.await, "never booked: {entry}");
        let path = format!("/api/v1/reservations/{}", text(&entry["reservation_id"]));
        self.marquee.get_as(visitor.user, &path).await.expect(200)
    }

    async fn pay(&self, visitor: &Visitor, reservation: &Value) {
        let id = text(&reservation["id"]);
        self.marquee.confirm(visitor.user, &id, &payment()).await.expect(200);
    }
}

fn seats_of(reservation: &Value) -> Vec<String> {
    let items = reservation["items"].as_array().expect("items");
    items.iter().map(|seat| text(&seat["session_seat_id"])).collect()
}

#[tokio::test]
async fn seats_are_booked_when_the_turn_comes_and_paid_for_as_any_others() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(4, json!({ "capacity": 1, "seats_per_visitor": 2 })).await;
    let first = lobby.asking(&json!({ "best_together": 2 })).await;
    let reservation = lobby.booked(&first).await;
    assert_eq!(seats_of(&reservation).len(), 2);
    let free: Vec<_> =
        lobby.seats.iter().filter(|seat| !seats_of(&reservation).contains(*seat)).collect();
    let second = lobby.asking(&json!({ "seats": free })).await;
    lobby.pay(&first, &reservation).await;
    lobby.await_entry(&first, "status", "served").await;
    let reservation = lobby.booked(&second).await;
    let mut booked = seats_of(&reservation);
    booked.sort_by_key(|seat| lobby.seats.iter().position(|other| other == seat));
    assert!(booked.iter().eq(free), "{booked:?}");
    lobby.pay(&second, &reservation).await;
    lobby.await_status("status", "sold_out").await;
}

#[tokio::test]
async fn what_is_not_paid_for_in_time_is_the_nexts() {
    let marquee = Marquee::start_with_hold(2_000).await;
    let lobby = marquee.room(2, json!({ "capacity": 1, "seats_per_visitor": 2 })).await;
    let pair = json!({ "best_together": 2 });
    let slow = lobby.asking(&pair).await;
    let next = lobby.asking(&pair).await;
    lobby.booked(&slow).await;
    lobby.await_entry(&slow, "status", "expired").await;
    let reservation = lobby.booked(&next).await;
    lobby.pay(&next, &reservation).await;
    lobby.await_entry(&next, "status", "served").await;
}

#[tokio::test]
async fn who_is_refused_is_told_why_and_keeps_the_place() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(5, json!({ "capacity": 2, "seats_per_visitor": 2 })).await;
    let first = lobby.asking(&json!({ "seats": [lobby.seats[1], lobby.seats[3]] })).await;
    lobby.booked(&first).await;
    let same = lobby.asking(&json!({ "seats": [lobby.seats[1]] })).await;
    let entry = lobby.await_entry(&same, "refusal", "somebody has these seats").await;
    assert_eq!(entry["status"], "admitted");
    // Every other seat is taken: no two are left together.
    lobby.ask(same.user, &json!({ "best_together": 2 })).await.expect(200);
    lobby.await_entry(&same, "refusal", "no 2 seats are left together").await;
    let pass = text(&entry["pass"]);
    lobby.reserve(same.user, &pass, &[&lobby.seats[0]]).await.expect(201);
}

#[tokio::test]
async fn a_request_says_one_thing_and_no_more_than_one_visitor_may_have() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(3, json!({ "capacity": 0 })).await;
    let user = Uuid::new_v4();
    for wrong in [
        json!({}),
        json!({ "best_together": 0 }),
        json!({ "best_together": 5 }),
        json!({ "best_together": 1, "seats": [lobby.seats[0]] }),
    ] {
        lobby.ask(user, &wrong).await.problem(422, "invalid-field");
    }
    // Asking is joining: there is one place for each visitor.
    let entry = text(&lobby.ask(user, &json!({ "best_together": 1 })).await.expect(202)["id"]);
    let visitor = Visitor { user, entry };
    lobby.await_in_line(&visitor).await;
    let again = lobby.ask(user, &json!({ "seats": [lobby.seats[2]] })).await.expect(200);
    assert_eq!(text(&again["id"]), visitor.entry);
    lobby.set_up(&json!({ "capacity": 1 })).await.expect(200);
    assert_eq!(seats_of(&lobby.booked(&visitor).await), [lobby.seats[2].clone()]);
}
