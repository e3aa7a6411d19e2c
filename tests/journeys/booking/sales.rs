//! When seats are on sale.

use std::time::Duration;

use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::clock::SystemClock;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Marquee, payment, text};

impl Marquee {
    /// A session of one row of four seats, with these fields beside or in place of the usual ones.
    async fn session_with(&self, fields: &Value) -> Value {
        let (session, _) = self.new_session_in_hall(1, 4, 40).await;
        let session = self.get(&format!("/api/v1/sessions/{session}")).await.expect(200);
        let mut body = json!({
            "event_id": session["event_id"], "hall_id": session["hall_id"], "base_price": 40,
            "start_time": "2030-01-01T19:00:00Z", "end_time": "2030-01-01T22:00:00Z",
        });
        let fields = fields.as_object().expect("fields").clone();
        body.as_object_mut().expect("fields").extend(fields);
        self.post("/api/v1/sessions", &body).await.expect(201)
    }

    async fn is_available(&self, session: &str, seat: &str) -> Value {
        let path = format!("/api/internal/sessions/{session}/seats/check-availability");
        self.post(&path, &json!({ "session_seat_ids": [seat] })).await.expect(200)["available"]
            .take()
    }

    async fn reserve_internally(&self, session: &str, seat: &str) -> crate::reply::Reply {
        let path = format!("/api/internal/sessions/{session}/seats/reserve");
        self.post(&path, &json!({ "session_seat_ids": [seat] })).await
    }
}

#[tokio::test]
async fn a_session_that_is_over_is_not_sold() {
    let marquee = Marquee::start().await;
    let over = json!({ "start_time": "2020-01-01T19:00:00Z", "end_time": "2020-01-01T22:00:00Z" });
    let session = marquee.session_with(&over).await;
    assert_eq!(session["sales_end"], "2020-01-01T19:00:00Z", "the start, unless said otherwise");
    let id = text(&session["session_id"]);
    let seats = marquee.seat_ids(&id).await;
    let refused = marquee.reserve(Uuid::new_v4(), &id, &[&seats[0]]).await;
    let refused = refused.problem(409, "sales-closed");
    assert_eq!(refused["sales_end"], "2020-01-01T19:00:00Z");
    marquee.reserve_internally(&id, &seats[0]).await.problem(409, "sales-closed");
    assert_eq!(marquee.is_available(&id, &seats[0]).await, false);
}

#[tokio::test]
async fn seats_are_not_held_before_sales_open_and_session_and_map_say_when_that_is() {
    let marquee = Marquee::start().await;
    let (opens, closes) = ("2029-01-01T10:00:00Z", "2029-06-01T10:00:00Z");
    let fields = json!({ "sales_start": opens, "sales_end": closes });
    let session = marquee.session_with(&fields).await;
    let id = text(&session["session_id"]);
    let read = marquee.get(&format!("/api/v1/sessions/{id}")).await.expect(200);
    let map = marquee.get(&format!("/api/v1/sessions/{id}/seat-map")).await.expect(200);
    for shown in [&session, &read, &map] {
        assert_eq!((&shown["sales_start"], &shown["sales_end"]), (&json!(opens), &json!(closes)));
    }
    let seat = text(&map["seats"][0]["session_seat_id"]);
    let refused = marquee.reserve(Uuid::new_v4(), &id, &[&seat]).await;
    assert_eq!(refused.problem(409, "sales-not-open")["sales_start"], opens);
    marquee.reserve_internally(&id, &seat).await.problem(409, "sales-not-open");
    assert_eq!(marquee.is_available(&id, &seat).await, false);
}

#[tokio::test]
async fn what_was_held_in_time_is_paid_for_after_sales_have_closed() {
    let marquee = Marquee::start().await;
    let closes: Timestamp = SystemClock.now() + Duration::from_secs(4);
    let fields = json!({ "sales_end": closes.to_rfc3339_millis() });
    let session = text(&marquee.session_with(&fields).await["session_id"]);
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let key = Uuid::new_v4().to_string();
    let body = crate::harness::wanted(&session, &[&seats[0]]);
    let hold = async || {
        let user = user.to_string();
        let headers = [("x-user-id", user.as_str()), ("idempotency-key", key.as_str())];
        let path = "/api/v1/reservations";
        marquee.send(reqwest::Method::POST, path, &headers, Some(body.to_string())).await
    };
    let held = hold().await.expect(201);
    while SystemClock.now() < closes {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let late = marquee.reserve(Uuid::new_v4(), &session, &[&seats[1]]).await;
    late.problem(409, "sales-closed");
    assert_eq!(hold().await.expect(201)["id"], held["id"], "the same request, the same answer");
    let confirmed = marquee.confirm(user, &text(&held["id"]), &payment()).await.expect(200);
    assert_eq!(confirmed["status"], "confirmed");
}

#[tokio::test]
async fn sales_that_could_not_be_are_refused() {
    let marquee = Marquee::start().await;
    let (session, hall) = marquee.new_session_in_hall(1, 1, 40).await;
    let session = marquee.get(&format!("/api/v1/sessions/{session}")).await.expect(200);
    for (start, end, field) in [
        ("2029-01-01T10:00:00Z", "2029-01-01T10:00:00Z", "sales_start"),
        ("2029-01-01T10:00:00Z", "2030-01-01T22:00:01Z", "sales_end"),
        ("tomorrow", "2029-01-01T10:00:00Z", "sales_start"),
    ] {
        let body = json!({
            "event_id": session["event_id"], "hall_id": hall, "base_price": 40,
            "start_time": "2030-01-01T19:00:00Z", "end_time": "2030-01-01T22:00:00Z",
            "sales_start": start, "sales_end": end,
        });
        let refused = marquee.post("/api/v1/sessions", &body).await.problem(422, "invalid-field");
        assert_eq!(refused["field"], field);
    }
}
