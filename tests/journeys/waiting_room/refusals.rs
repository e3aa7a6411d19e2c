//! What a caller is told who gets it wrong.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::Marquee;

#[tokio::test]
async fn a_session_without_a_waiting_room_has_none() {
    let marquee = Marquee::start().await;
    let user = Uuid::new_v4();
    let plain = marquee.new_session(1, 1).await;
    for session in [plain, user.to_string(), "nonsense".into()] {
        let path = format!("/api/v1/queue/{session}");
        marquee.get(&path).await.problem(404, "not-found");
        marquee.put(&path, &json!({})).await.problem(404, "not-found");
        marquee.get(&format!("{path}/status")).await.problem(404, "not-found");
        let entries = format!("{path}/entries");
        marquee.post_as(user, &entries, &Value::Null).await.problem(404, "not-found");
        let entry = format!("{entries}/{user}");
        marquee.get_as(user, &entry).await.problem(404, "not-found");
        marquee.delete_as(user, &entry).await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn an_entry_is_found_by_its_user_alone_and_a_user_must_be_named() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(1, json!({ "capacity": 0 })).await;
    let visitor = lobby.visitor().await;
    // What is no identifier is not found, as everywhere.
    for entry in ["nonsense", &Uuid::new_v4().to_string()] {
        lobby.look(visitor.user, entry).await.problem(404, "not-found");
        let path = lobby.path(&format!("/entries/{entry}"));
        marquee.delete_as(visitor.user, &path).await.problem(404, "not-found");
    }
    let entry = lobby.path(&format!("/entries/{}", visitor.entry));
    let nobody = marquee.get(&entry).await.problem(400, "malformed-request");
    assert_eq!(nobody["field"], "X-User-ID");
    let joins = marquee.post(&lobby.path("/entries"), &json!({})).await;
    joins.problem(400, "malformed-request");
}

#[tokio::test]
async fn settings_that_could_not_be_are_refused_by_the_field_that_is_wrong() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(1, json!({})).await;
    let before = marquee.get(&lobby.path("")).await.expect(200);
    let users: Vec<_> = (0..101).map(|_| Uuid::new_v4()).collect();
    for (field, value) in [
        ("capacity", json!(100_001)),
        ("capacity", json!(-1)),
        ("capacity", json!("many")),
        ("rate_per_minute", json!(1_000_001)),
        ("place_seconds", json!(0)),
        ("place_seconds", json!(3_601)),
        ("seats_per_visitor", json!(0)),
        ("seats_per_visitor", json!(64)),
        ("message", json!("x".repeat(501))),
        ("bypass", json!(users)),
        ("opens_at", json!("tomorrow")),
        ("paused", json!("maybe")),
    ] {
        let body = Value::Object([(field.to_owned(), value)].into_iter().collect());
        let refused = lobby.set_up(&body).await.problem(422, "invalid-field");
        assert_eq!(refused["field"], field, "{body}");
    }
    assert_eq!(marquee.get(&lobby.path("")).await.expect(200), before);
}
