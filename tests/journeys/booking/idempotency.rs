//! A request that is sent again gets the first answer.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Marquee, payment, text, wanted},
    reply::Reply,
};

async fn post(marquee: &Marquee, user: Uuid, key: &str, path: &str, body: &Value) -> Reply {
    let user = user.to_string();
    let headers = [("x-user-id", user.as_str()), ("idempotency-key", key)];
    marquee.send(Method::POST, path, &headers, Some(body.to_string())).await
}

#[tokio::test]
async fn every_creation_repeats_its_first_answer_and_refuses_another_body() {
    let marquee = Marquee::start().await;
    let (session, hall) = marquee.new_session_in_hall(1, 3, 40).await;
    let session = marquee.get(&format!("/api/v1/sessions/{session}")).await.expect(200);
    let event = marquee.get(&format!("/api/v1/events/{}", text(&session["event_id"]))).await;
    let event = event.expect(200);
    let hall_view = marquee.get(&format!("/api/v1/halls/{hall}")).await.expect(200);
    let halls = format!("/api/v1/locations/{}/halls", text(&hall_view["location_id"]));
    let seats = format!("/api/v1/halls/{hall}/seats");
    let new_session = |price: u32| {
        json!({
            "event_id": event["event_id"], "hall_id": hall, "base_price": price,
            "start_time": "2030-01-01T19:00:00Z", "end_time": "2030-01-01T22:00:00Z",
        })
    };
    let named = |name: &str| json!({ "name": name });
    let organizer = &event["organizer_id"];
    let cases = [
        ("/api/v1/organizers", named("a"), named("b")),
        ("/api/v1/locations", named("a"), named("b")),
        (&halls, named("a"), named("b")),
        (
            "/api/v1/events",
            json!({ "title": "a", "organizer_id": organizer }),
            json!({ "title": "b", "organizer_id": organizer }),
        ),
        (
            &seats,
            json!({ "row_number": "X", "seat_number": 1 }),
            json!({ "row_number": "X", "seat_number": 2 }),
        ),
        (
            &seats,
            json!({ "rows": [{ "row_number": "Y", "seat_count": 2 }] }),
            json!({ "rows": [{ "row_number": "Z", "seat_count": 2 }] }),
        ),
        (
            "/api/v1/price-tiers",
            json!({ "name": "a", "multiplier": 1 }),
            json!({ "name": "a", "multiplier": 2 }),
        ),
        ("/api/v1/sessions", new_session(10), new_session(20)),
    ];
    let user = Uuid::new_v4();
    for (path, body, other) in cases {
        let key = Uuid::new_v4().to_string();
        let first = post(&marquee, user, &key, path, &body).await.expect(201);
        assert_eq!(post(&marquee, user, &key, path, &body).await.expect(201), first, "{path}");
        let refused = post(&marquee, user, &key, path, &other).await;
        refused.problem(422, "idempotency-key-reused");
        // A key is its caller's own.
        let stranger = post(&marquee, Uuid::new_v4(), &key, path, &other).await;
        assert_eq!(stranger.status, 201, "{path}: {}", stranger.json());
    }
}

#[tokio::test]
async fn a_repeated_hold_is_the_same_hold_whatever_became_of_it() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 6).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let path = "/api/v1/reservations";
    let body = wanted(&session, &[&seats[0], &seats[1]]);
    let first = post(&marquee, user, "k1", path, &body).await.expect(201);
    assert_eq!(post(&marquee, user, "k1", path, &body).await.expect(201), first);
    let other = wanted(&session, &[&seats[2]]);
    post(&marquee, user, "k1", path, &other).await.problem(422, "idempotency-key-reused");
    // The same for the user's second hold, and for one that was paid for meanwhile.
    let second = post(&marquee, user, "k2", path, &other).await.expect(201);
    assert_ne!(second["id"], first["id"]);
    assert_eq!(post(&marquee, user, "k2", path, &other).await.expect(201), second);
    marquee.confirm(user, &text(&first["id"]), &payment()).await.expect(200);
    assert_eq!(post(&marquee, user, "k1", path, &body).await.expect(201), first);
    let seats = marquee.seats(&session).await;
    let taken = seats.iter().filter(|seat| seat["status"] != "available").count();
    assert_eq!(taken, 3);
}

#[tokio::test]
async fn ten_equal_requests_at_once_make_one_hold() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 2).await;
    let seats = marquee.seat_ids(&session).await;
    let body = wanted(&session, &[&seats[0]]);
    let user = Uuid::new_v4();
    let requests = (0..10).map(|_| post(&marquee, user, "once", "/api/v1/reservations", &body));
    let replies = futures_util::future::join_all(requests).await;
    let first = replies[0].expect(201);
    for reply in &replies {
        assert_eq!(reply.expect(201), first);
    }
}

#[tokio::test]
async fn equal_session_creations_at_once_make_one_session() {
    let marquee = Marquee::start().await;
    let (session, hall) = marquee.new_session_in_hall(20, 30, 40).await;
    let session = marquee.get(&format!("/api/v1/sessions/{session}")).await.expect(200);
    let body = json!({
        "event_id": session["event_id"], "hall_id": hall, "base_price": 5,
        "start_time": "2030-02-01T19:00:00Z", "end_time": "2030-02-01T22:00:00Z",
    });
    let user = Uuid::new_v4();
    let requests = (0..4).map(|_| post(&marquee, user, "session", "/api/v1/sessions", &body));
    let replies = futures_util::future::join_all(requests).await;
    for reply in &replies {
        match reply.status {
            201 => {}
            _ => drop(reply.problem(409, "request-in-progress")),
        }
    }
    let done = post(&marquee, user, "session", "/api/v1/sessions", &body).await.expect(201);
    for reply in replies.iter().filter(|reply| reply.status == 201) {
        assert_eq!(reply.json(), done);
    }
    assert_eq!(marquee.seats(&text(&done["session_id"])).await.len(), 600);
}
