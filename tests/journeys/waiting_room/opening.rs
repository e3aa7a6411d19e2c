//! Before the opening: who comes early stands in no order, which is then drawn by lot.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use marquee_kernel::time::Clock;
use marquee_lambda::clock::SystemClock;
use serde_json::{Value, json};

use crate::{
    harness::{Marquee, text},
    waiting_room::lobby::Lobby,
};

const EARLY: u64 = 7;
const SOME_DAY: &str = "2029-01-01T10:00:00Z";

fn sha256(hex: &str) -> String {
    let digits: Vec<_> = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]).collect();
    let bytes: Vec<u8> =
        digits.iter().map(|two| u8::from_str_radix(two, 16).expect("hexadecimal")).collect();
    digest(&SHA256, &bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// In a second, with nobody let in.
async fn open_soon(lobby: &Lobby<'_>) -> String {
    let opens_at = (SystemClock.now() + Duration::from_secs(1)).to_rfc3339_millis();
    let settings = json!({ "capacity": 0, "opens_at": opens_at });
    lobby.set_up(&settings).await.expect(200);
    opens_at
}

#[tokio::test]
async fn the_order_of_those_who_come_early_is_drawn_at_the_opening_and_can_be_checked() {
    let marquee = Marquee::start().await;
    let lobby = marquee.session_behind_a_room(50, &json!({ "sales_start": SOME_DAY })).await;
    lobby.await_room().await;
    lobby.set_up(&json!({ "capacity": 0 })).await.expect(200);
    let before = lobby.status().await;
    assert_eq!((&before["status"], &before["opens_at"]), (&json!("gathering"), &json!(SOME_DAY)));
    let seed_hash = text(&before["draw"]["seed_hash"]);
    assert_eq!((seed_hash.len(), &before["draw"]["seed"]), (64, &Value::Null), "{before}");

    let early = lobby.visitors(usize::try_from(EARLY).expect("few")).await;
    for visitor in &early {
        let waiting = lobby.entry(visitor).await;
        assert_eq!(waiting["status"], "waiting");
        for unknown in ["number", "position", "ahead", "pass"] {
            assert!(waiting.get(unknown).is_none(), "{unknown}: {waiting}");
        }
        assert!(waiting["estimated_wait_seconds"].as_u64().is_some_and(|wait| wait > 0));
    }

    open_soon(&lobby).await;
    let open = lobby.await_status("status", "open").await;
    assert_eq!(open["draw"]["seed_hash"], seed_hash, "it was chosen before");
    assert_eq!(sha256(&text(&open["draw"]["seed"])), seed_hash);
    let lines = open["draw"]["early"].as_array().expect("lines").iter();
    assert_eq!(lines.filter_map(Value::as_u64).sum::<u64>(), EARLY, "{open}");
    let mut numbers = Vec::new();
    for visitor in &early {
        numbers.push(lobby.number(visitor).await);
        let drawn = lobby.entry(visitor).await;
        assert_eq!(drawn["position"], drawn["number"], "{drawn}");
    }
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(1..=EARLY), "{numbers:?}");
    // Whoever comes now stands behind all of them.
    lobby.await_entry(&lobby.visitor().await, "number", EARLY + 1).await;
}

#[tokio::test]
async fn when_a_room_opens_can_be_changed_until_it_has() {
    let marquee = Marquee::start().await;
    let lobby = marquee.session_behind_a_room(1, &json!({ "sales_start": SOME_DAY })).await;
    lobby.await_room().await;
    let later = json!({ "opens_at": "2029-02-01T10:00:00Z" });
    let put = lobby.set_up(&later).await.expect(200);
    assert_eq!(put["opens_at"], later["opens_at"]);
    let opens_at = open_soon(&lobby).await;
    lobby.await_status("status", "open").await;
    for refused in [&later, &json!({ "opens_at": SOME_DAY })] {
        lobby.set_up(refused).await.problem(409, "room-opened");
    }
    for taken in [json!({}), json!({ "opens_at": opens_at })] {
        lobby.set_up(&taken).await.expect(200);
    }
}
