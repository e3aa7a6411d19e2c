//! Joining: a place in the line, the pass, the seats.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Marquee, payment, text},
    waiting_room::lobby::Visitor,
};

#[tokio::test]
async fn a_visitor_joins_is_let_in_reserves_with_the_pass_and_is_served() {
    let marquee = Marquee::start().await;
    let lobby = marquee.session_behind_a_room(3, &json!({})).await;
    let (session, seat) = (&lobby.session, lobby.seats[0].as_str());
    let shown = marquee.get(&format!("/api/v1/sessions/{session}")).await.expect(200);
    assert_eq!(shown["waiting_room"], true);
    let user = Uuid::new_v4();
    let refused = marquee.reserve(user, session, &[seat]).await.problem(403, "pass-required");
    let way = lobby.path("/entries");
    assert!(text(&refused["detail"]).contains(&format!("POST {way}")), "{refused}");

    lobby.await_room().await;
    let status = lobby.await_status("status", "open").await;
    assert_eq!((&status["inside"], &status["seats_left"]), (&json!(0), &json!(3)), "{status}");
    let joined = lobby.join(user).await.expect(202);
    assert_eq!((&joined["status"], &joined["session_id"]), (&json!("waiting"), &json!(session)));
    assert!(joined["next_poll_seconds"].as_u64().is_some_and(|seconds| seconds > 0), "{joined}");
    let visitor = Visitor { user, entry: text(&joined["id"]) };
    lobby.await_in_line(&visitor).await;
    let admitted = lobby.await_entry(&visitor, "status", "admitted").await;
    for time in ["pass_expires_at", "place_expires_at"] {
        assert!(text(&admitted[time]).ends_with('Z'), "{time}: {admitted}");
    }
    let pass = text(&admitted["pass"]);
    let held = lobby.reserve(user, &pass, &[seat]).await.expect(201);
    // Paying takes no pass.
    let confirmed = marquee.confirm(user, &text(&held["id"]), &payment()).await.expect(200);
    assert_eq!(confirmed["status"], "confirmed");
    let served = lobby.await_entry(&visitor, "status", "served").await;
    assert_eq!(served["pass"], Value::Null, "{served}");
    let status = lobby.await_status("seats_left", 2).await;
    assert_eq!(status["inside"], 0, "{status}");
}

#[tokio::test]
async fn who_joins_again_keeps_the_place_and_who_joins_for_another_does_not_find_it() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(5, json!({ "capacity": 0 })).await;
    let visitor = lobby.visitor().await;
    let first = lobby.await_entry(&visitor, "number", 1).await;
    assert_eq!((&first["position"], &first["ahead"]), (&json!(1), &json!(0)), "{first}");
    let other = lobby.visitor().await;
    let second = lobby.await_entry(&other, "number", 2).await;
    assert_eq!((&second["position"], &second["ahead"]), (&json!(2), &json!(1)), "{second}");
    for _ in 0..2 {
        let again = lobby.join(visitor.user).await.expect(200);
        assert_eq!((&again["id"], &again["number"]), (&first["id"], &json!(1)), "{again}");
    }
    assert_ne!(other.entry, visitor.entry);
    assert_eq!(lobby.entry(&visitor).await["number"], 1);

    lobby.look(other.user, &visitor.entry).await.problem(404, "not-found");
    let theft = Visitor { user: other.user, entry: visitor.entry.clone() };
    lobby.leave(&theft).await.problem(404, "not-found");
    assert_eq!(lobby.entry(&visitor).await["status"], "waiting");
}

#[tokio::test]
async fn who_joins_many_times_at_once_has_one_place() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(5, json!({ "capacity": 0 })).await;
    let user = Uuid::new_v4();
    let joins = (0..5).map(|_| lobby.join(user));
    let replies = futures_util::future::join_all(joins).await;
    let mut entries: Vec<_> = replies.iter().map(|reply| text(&reply.json()["id"])).collect();
    entries.dedup();
    let [entry] = &entries[..] else { panic!("several entries: {entries:?}") };
    let visitor = Visitor { user, entry: entry.clone() };
    lobby.await_in_line(&visitor).await;
    let number = lobby.number(&visitor).await;
    let other = lobby.visitor().await;
    assert_ne!(lobby.number(&other).await, number);
    assert_eq!(lobby.number(&visitor).await, number, "whatever else came in meanwhile");
    lobby.set_up(&json!({ "capacity": 2 })).await.expect(200);
    lobby.pass(&visitor).await;
    lobby.pass(&other).await;
    lobby.await_status("inside", 2).await;
}
