//! The end of a sale.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Marquee, text};

#[tokio::test]
async fn no_more_are_let_in_than_seats_are_left_and_when_all_are_sold_those_who_wait_are_told() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(2, json!({ "capacity": 10, "seats_per_visitor": 1 })).await;
    let visitors = lobby.visitors(3).await;
    let [first, second, third] = &visitors[..] else { panic!("three") };
    lobby.pass(first).await;
    lobby.pass(second).await;
    let waiting = lobby.await_entry(third, "position", 1).await;
    assert_eq!((&waiting["status"], &waiting["chance"]), (&json!("waiting"), &json!("low")));
    lobby.buy(first, &lobby.seats[0]).await;
    let status = lobby.await_status("seats_left", 1).await;
    assert_eq!((&status["inside"], &status["serving"]), (&json!(1), &json!(2)), "{status}");
    lobby.buy(second, &lobby.seats[1]).await;

    let status = lobby.await_status("status", "sold_out").await;
    assert_eq!((&status["seats_left"], &status["inside"]), (&json!(0), &json!(0)), "{status}");
    let told = lobby.await_entry(third, "status", "expired").await;
    assert!(text(&told["reason"]).contains("sold"), "{told}");
    assert!(told.get("position").is_none(), "{told}");
    lobby.join(Uuid::new_v4()).await.problem(409, "sale-over");
    for visitor in [first, second] {
        lobby.await_entry(visitor, "status", "served").await;
    }
}
