//! What a Prometheus is told.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Process;

/// Three joined, one was let in.
const JOINED: u8 = 3;

impl Process {
    /// Each sample by its name and labels.
    async fn samples(&self) -> BTreeMap<String, f64> {
        let url = format!("{}/_host/metrics", self.base);
        let response = self.http.get(url).send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4");
        let text = response.text().await.expect("text");
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let samples = samples.map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name.to_owned(), value.parse().expect("a number"))
        });
        samples.collect()
    }

    async fn await_samples(&self, expected: &[(&str, f64)]) -> BTreeMap<String, f64> {
        let start = Instant::now();
        loop {
            let samples = self.samples().await;
            let is = |(name, value): &(&str, f64)| samples.get(*name) == Some(value);
            if expected.iter().all(is) {
                return samples;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "{samples:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn await_ok(&self, path: &str, user: Uuid) {
        let start = Instant::now();
        while self.call(Method::GET, path, user, &Value::Null).await.0 != 200 {
            assert!(start.elapsed() < Duration::from_secs(10), "{path} is never there");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The path of the room of a session that is not open yet.
    pub(crate) async fn room(&self) -> String {
        let session = json!({
            "event_id": "1950fcbe-6dbf-51e8-b752-0fdf95e4ada6",
            "hall_id": "24c9d755-b21c-42b0-b9d9-42f11e5fe6b5",
            "start_time": "2030-01-01T18:00:00Z", "end_time": "2030-01-01T20:00:00Z",
            "base_price": 40, "waiting_room": true, "sales_start": "2029-01-01T10:00:00Z",
        });
        let made = self.call(Method::POST, "/api/v1/sessions", Uuid::nil(), &session).await;
        assert_eq!(made.0, 201, "{}", made.1);
        let room = format!("/api/v1/queue/{}", made.1["session_id"].as_str().expect("an id"));
        self.await_ok(&format!("{room}/status"), Uuid::nil()).await;
        room
    }
}

#[tokio::test]
async fn queues_and_waiting_rooms_are_measured() {
    let host = Process::start(&[], &[]);
    let before = host.samples().await;
    let done = r#"marquee_messages_total{outcome="done",queue="queue_joined"}"#;
    assert_eq!(before[done], 0.0, "it grows from zero on");
    let room = host.room().await;
    for _ in 0..JOINED {
        let user = Uuid::new_v4();
        let path = format!("{room}/entries");
        let (status, entry) = host.call(Method::POST, &path, user, &json!({})).await;
        assert_eq!(status, 202, "{entry}");
        let entry = entry["id"].as_str().expect("an id");
        host.await_ok(&format!("{path}/{entry}"), user).await;
    }
    let opens = json!({ "opens_at": "2020-01-01T00:00:00Z", "capacity": 1 });
    let (status, settings) = host.call(Method::PUT, &room, Uuid::nil(), &opens).await;
    assert_eq!(status, 200, "{settings}");
    let samples = host
        .await_samples(&[
            (done, JOINED.into()),
            ("marquee_waiting_room_depth", (JOINED - 1).into()),
            ("marquee_waiting_room_inside", 1.0),
            ("marquee_waiting_room_admitted_total", 1.0),
            ("marquee_waiting_room_abandoned_total", 0.0),
            ("marquee_waiting_room_seats_sold_total", 0.0),
            (r#"marquee_queue_messages{queue="queue_joined"}"#, 0.0),
            (r#"marquee_handle_seconds_count{queue="queue_joined"}"#, JOINED.into()),
        ])
        .await;
    assert!(samples["marquee_waiting_room_admissions_per_minute"] > 0.0, "{samples:#?}");
    assert!(samples["marquee_waiting_room_wait_seconds"] > 0.0, "{samples:#?}");
    for outcome in ["retried", "dead_lettered", "unsettled"] {
        let name = format!(r#"marquee_messages_total{{outcome="{outcome}",queue="queue_joined"}}"#);
        assert_eq!(samples[&name], 0.0, "{name}");
    }
}
