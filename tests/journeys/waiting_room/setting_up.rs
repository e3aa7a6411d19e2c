//! What the organizer decides, also while people wait.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Marquee, eventually, payment, text};

#[tokio::test]
async fn a_new_rooms_settings_are_read_changed_and_put_back() {
    let marquee = Marquee::start().await;
    let lobby = marquee.session_behind_a_room(1, &json!({})).await;
    lobby.await_room().await;
    lobby.await_status("status", "open").await;
    let read = async || marquee.get(&lobby.path("")).await.expect(200);
    let mut settings = read().await;
    let session = marquee.get(&format!("/api/v1/sessions/{}", lobby.session)).await.expect(200);
    assert_eq!(settings["opens_at"], session["sales_start"]);
    for (field, value) in [
        ("rate_per_minute", Value::Null),
        ("capacity", json!(100)),
        ("place_seconds", json!(120)),
        ("seats_per_visitor", json!(4)),
        ("enabled", json!(true)),
        ("paused", json!(false)),
        ("message", Value::Null),
        ("bypass", json!([])),
        ("fail_open", json!(false)),
    ] {
        assert_eq!(settings[field], value, "{field}");
    }
    settings["capacity"] = json!(7);
    settings["rate_per_minute"] = json!(60);
    assert_eq!(lobby.set_up(&settings).await.expect(200), settings);
    assert_eq!(read().await, settings);
    // What is left out is as in a new room.
    lobby.set_up(&json!({})).await.expect(200);
    let settings = read().await;
    assert_eq!((&settings["capacity"], &settings["rate_per_minute"]), (&json!(100), &Value::Null));
}

#[tokio::test]
async fn while_a_room_is_paused_nobody_is_let_in_and_everybody_reads_why() {
    let marquee = Marquee::start().await;
    let message = "The doors jam. Back in five minutes!";
    let lobby = marquee.room(5, json!({ "paused": true, "message": message })).await;
    let paused = lobby.await_status("status", "paused").await;
    assert_eq!(paused["message"], message);
    let visitor = lobby.visitor().await;
    let waiting = lobby.await_entry(&visitor, "position", 1).await;
    assert_eq!(waiting["message"], message);
    lobby.await_others().await;
    assert_eq!(lobby.entry(&visitor).await["status"], "waiting");
    assert_eq!(lobby.status().await["inside"], 0);

    lobby.set_up(&json!({})).await.expect(200);
    lobby.pass(&visitor).await;
    let open = lobby.await_status("status", "open").await;
    assert_eq!(open.get("message"), None);
}

#[tokio::test]
async fn without_a_line_everybody_gets_a_pass_at_once_for_as_many_reservations_as_one_may_make() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(5, json!({ "enabled": false, "capacity": 0 })).await;
    lobby.await_status("status", "off").await;
    let user = Uuid::new_v4();
    let admitted = lobby.join(user).await.expect(200);
    assert_eq!(admitted["status"], "admitted");
    for of_a_place in ["number", "place_expires_at"] {
        assert!(admitted.get(of_a_place).is_none(), "{of_a_place}: {admitted}");
    }
    let renewed = lobby.look(user, &text(&admitted["id"])).await.expect(200);
    let mut last = String::new();
    for (seat, entry) in lobby.seats.iter().zip([&admitted, &admitted, &renewed]) {
        let held = lobby.reserve(user, &text(&entry["pass"]), &[seat]).await.expect(201);
        last = text(&held["id"]);
    }
    marquee.confirm(user, &last, &payment()).await.expect(200);
    let status = lobby.await_status("seats_left", 4).await;
    assert_eq!(status["inside"], 0, "{status}");
}

#[tokio::test]
async fn whom_the_organizer_names_need_not_wait() {
    let marquee = Marquee::start().await;
    let guest = Uuid::new_v4();
    let lobby = marquee.room(5, json!({ "capacity": 0, "bypass": [guest] })).await;
    let mut joined = Value::Null;
    let let_through = eventually(async || {
        joined = lobby.join(guest).await.json();
        joined["status"] == "admitted"
    });
    assert!(let_through.await, "{joined}");
    lobby.reserve(guest, &text(&joined["pass"]), &[&lobby.seats[0]]).await.expect(201);
    let other = lobby.visitor().await;
    lobby.await_others().await;
    assert_eq!(lobby.entry(&other).await["status"], "waiting");
}
