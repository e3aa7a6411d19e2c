//! Who is let in, and when the next is.

use serde_json::{Value, json};

use crate::{
    harness::{Marquee, eventually, payment, text},
    waiting_room::lobby::Lobby,
};

async fn await_inside_and_serving(lobby: &Lobby<'_>, inside: u64, serving: u64) {
    let status = lobby.await_status("serving", serving).await;
    assert_eq!(status["inside"], inside, "{status}");
}

#[tokio::test]
async fn as_many_are_inside_as_there_is_room_for_and_the_next_comes_in_when_somebody_is_out() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(20, json!({ "capacity": 2 })).await;
    let visitors = lobby.visitors(5).await;
    let [first, second, third, fourth, last] = &visitors[..] else { panic!("five") };
    let reservation = lobby.hold(first, &lobby.seats[0]).await;
    let pass = lobby.pass(second).await;
    await_inside_and_serving(&lobby, 2, 2).await;
    for (visitor, position) in [(third, 1), (fourth, 2), (last, 3)] {
        let waiting = lobby.await_entry(visitor, "position", position).await;
        assert_eq!((&waiting["status"], &waiting["pass"]), (&json!("waiting"), &Value::Null));
        assert_eq!(waiting["ahead"], position - 1, "{waiting}");
        assert_eq!(waiting["chance"], "good", "{waiting}");
    }

    lobby.cancel(first, &reservation).await;
    lobby.pass(third).await;
    lobby.await_entry(first, "status", "left").await;
    await_inside_and_serving(&lobby, 2, 3).await;

    let seat = lobby.seats[1].as_str();
    let held = lobby.reserve(second.user, &pass, &[seat]).await.expect(201);
    marquee.confirm(second.user, &text(&held["id"]), &payment()).await.expect(200);
    lobby.pass(fourth).await;
    lobby.await_entry(second, "status", "served").await;
    await_inside_and_serving(&lobby, 2, 4).await;
    let waiting = lobby.await_entry(last, "position", 1).await;
    assert_eq!(waiting["status"], "waiting");
}

#[tokio::test]
async fn a_place_that_is_not_used_in_time_is_the_nexts() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(5, json!({ "capacity": 1, "place_seconds": 1 })).await;
    let idle = lobby.visitor().await;
    let expired = lobby.await_entry(&idle, "status", "expired").await;
    assert!(text(&expired["reason"]).contains("join again"), "{expired}");
    assert_eq!(expired["pass"], Value::Null);
    // Long enough to be seen.
    lobby.set_up(&json!({ "capacity": 1, "place_seconds": 60 })).await.expect(200);
    let next = lobby.visitor().await;
    lobby.pass(&next).await;
    let status = lobby.await_status("serving", 2).await;
    assert_eq!(status["inside"], 1, "{status}");

    lobby.join(idle.user).await.expect(202);
    let again = lobby.await_entry(&idle, "status", "waiting").await;
    assert_eq!(again["id"], *idle.entry, "the same entry, at the end of the line");
    lobby.await_entry(&idle, "number", 3).await;
}

#[tokio::test]
async fn a_visitor_who_has_seats_on_hold_keeps_the_place_as_long() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(5, json!({ "capacity": 1, "place_seconds": 60 })).await;
    let visitor = lobby.visitor().await;
    let before = lobby.await_entry(&visitor, "status", "admitted").await;
    lobby.hold(&visitor, &lobby.seats[0]).await;
    let mut seen = Value::Null;
    let kept = eventually(async || {
        seen = lobby.entry(&visitor).await;
        seen["place_expires_at"].as_str() > before["place_expires_at"].as_str()
    });
    assert!(kept.await, "before: {before}, then: {seen}");
    assert_eq!(seen["status"], "admitted");
}
