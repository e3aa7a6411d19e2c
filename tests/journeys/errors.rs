//! What a caller is told who gets it wrong.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::{
    harness::{Marquee, text},
    scene::Scene,
};

#[tokio::test]
async fn a_body_that_is_not_json_is_malformed_and_the_detail_says_where() {
    let marquee = Marquee::start().await;
    let user = Uuid::new_v4().to_string();
    for body in ["{\"session_id\": ", "", "not json"] {
        let headers = [("x-user-id", user.as_str())];
        let path = "/api/v1/reservations";
        let reply = marquee.send(Method::POST, path, &headers, Some(body.into())).await;
        assert!(text(&reply.problem(400, "malformed-body")["detail"]).contains("column"));
    }
}

#[tokio::test]
async fn a_field_that_is_missing_or_wrong_is_named_by_its_path() {
    let marquee = Marquee::start().await;
    let Scene { session, seat_4, .. } = marquee.scene().await;
    let user = Uuid::new_v4();
    let seat = json!({ "session_seat_id": seat_4 });
    for (body, field) in [
        (json!({ "seats": [seat] }), "session_id"),
        (json!({ "session_id": "x", "seats": [seat] }), "session_id"),
        (json!({ "session_id": session }), "seats"),
        (json!({ "session_id": session, "seats": [] }), "seats"),
        (json!({ "session_id": session, "seats": [{}] }), "seats[0].session_seat_id"),
        (json!({ "session_id": session, "seats": [seat, seat] }), "seats[1].session_seat_id"),
        (
            json!({ "session_id": session, "seats": [seat, { "session_seat_id": Uuid::nil() }] }),
            "seats[1].session_seat_id",
        ),
        (
            json!({ "session_id": session, "seats": [
            { "session_seat_id": seat_4, "row_number": [] }] }),
            "seats[0].row_number",
        ),
        (
            json!({ "session_id": session, "seats": [
            { "session_seat_id": seat_4, "price_tier_id": Uuid::nil() }] }),
            "seats[0].price_tier_id",
        ),
    ] {
        let reply = marquee.post_as(user, "/api/v1/reservations", &body).await;
        assert_eq!(reply.problem(422, "invalid-field")["field"], field, "{body}");
    }
    for (path, body, field) in [
        ("/api/v1/organizers", json!({ "name": " " }), "name"),
        ("/api/v1/organizers", json!({ "name": "x".repeat(201) }), "name"),
        ("/api/v1/events", json!({ "title": "x", "organizer_id": Uuid::nil() }), "organizer_id"),
        ("/api/v1/price-tiers", json!({ "name": "x", "multiplier": -1 }), "multiplier"),
        ("/api/v1/price-tiers", json!({ "name": "x", "multiplier": "much" }), "multiplier"),
        ("/api/v1/price-tiers", json!({ "name": "x" }), "multiplier"),
    ] {
        let reply = marquee.post(path, &body).await;
        assert_eq!(reply.problem(422, "invalid-field")["field"], field, "{body}");
    }
}

#[tokio::test]
async fn headers_are_checked() {
    let marquee = Marquee::start().await;
    let Scene { session, seat_4, .. } = marquee.scene().await;
    let body = json!({ "session_id": session, "seats": [{ "session_seat_id": seat_4 }] });
    let send = async |headers: &[(&str, &str)]| {
        let path = "/api/v1/reservations";
        let reply = marquee.send(Method::POST, path, headers, Some(body.to_string())).await;
        reply.problem(400, "malformed-request")["field"].clone()
    };
    assert_eq!(send(&[]).await, "X-User-ID");
    assert_eq!(send(&[("x-user-id", "me")]).await, "X-User-ID");
    let user = Uuid::new_v4().to_string();
    let long = "k".repeat(256);
    for key in ["", &long] {
        let headers = [("x-user-id", user.as_str()), ("idempotency-key", key)];
        assert_eq!(send(&headers).await, "Idempotency-Key");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_what_is_there_says_which_methods_it_takes() {
    let marquee = Marquee::start().await;
    let Scene { session, seat_4, .. } = marquee.scene().await;
    let nobody = Uuid::new_v4();
    for path in [
        "/api/v1/nonsense".to_owned(),
        "/api/v1/reservationsX".into(),
        format!("/api/v1/sessions/{nobody}"),
        format!("/api/v1/sessions/{nobody}/seat-map"),
        "/api/v1/sessions/nonsense/seat-map".into(),
        format!("/api/v1/sessions/{session}/nonsense"),
        format!("/api/v1/halls/{nobody}/seats"),
        format!("/api/v1/tickets/{session}"),
        format!("/problems/{nobody}"),
    ] {
        marquee.get(&path).await.problem(404, "not-found");
    }
    let body = json!({ "session_id": nobody, "seats": [{ "session_seat_id": seat_4 }] });
    let reply = marquee.post_as(nobody, "/api/v1/reservations", &body).await;
    reply.problem(404, "not-found");
    let reply = marquee.send(Method::PUT, "/api/v1/organizers", &[], None).await;
    reply.problem(405, "method-not-allowed");
}

#[tokio::test]
async fn plans_that_cannot_be_are_refused_before_anything_is_written() {
    let marquee = Marquee::start().await;
    let (_, hall) = marquee.new_session_in_hall(1, 1, 40).await;
    let path = format!("/api/v1/halls/{hall}/seats");
    for body in [
        json!({ "row_count": 201, "seats_per_row": 100 }),
        json!({ "row_count": 65_535, "seats_per_row": 65_535 }),
        json!({ "rows": [{ "row_number": "B", "seat_count": 65_535 }] }),
        json!({ "row_count": 1, "seats_per_row": 0 }),
        json!({ "row_count": 5 }),
        json!({ "rows": [] }),
        json!({ "rows": [{ "row_number": "B", "seat_count": 1 }, { "row_number": "B", "seat_count": 1 }] }),
        json!({ "rows": [{ "row_number": "B" }] }),
        json!({ "seats": [{ "row_number": "B", "seat_number": 1 }], "row_count": 1 }),
        json!({ "row_number": "B" }),
        json!({ "row_number": "B", "seat_number": "x".repeat(21) }),
    ] {
        marquee.post(&path, &body).await.problem(422, "invalid-field");
    }
    let seats = marquee.get(&path).await.expect(200);
    assert_eq!(seats["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_body_larger_than_a_function_takes_is_refused_as_such() {
    let marquee = Marquee::start().await;
    for megabytes in [7, 11] {
        let body = json!({ "name": "x".repeat(megabytes * 1024 * 1024) });
        marquee.post("/api/v1/organizers", &body).await.problem(413, "payload-too-large");
    }
}

#[tokio::test]
async fn a_price_beyond_all_measure_is_refused_and_spoils_nothing() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 2).await;
    let seats = marquee.seat_ids(&session).await;
    let tier = json!({ "name": "Gold", "multiplier": 1_000_000_000 });
    let tier = marquee.post("/api/v1/price-tiers", &tier).await.expect(201);
    let seat = json!({ "session_seat_id": seats[0], "price_tier_id": tier["price_tier_id"] });
    let user = Uuid::new_v4();
    let body = json!({ "session_id": session, "seats": [seat] });
    let refused = marquee.post_as(user, "/api/v1/reservations", &body).await;
    assert_eq!(refused.problem(422, "invalid-field")["field"], "seats[0].price_tier_id");
    marquee.hold(user, &session, &[&seats[0]]).await;
}

/// No broker would carry them: SQS would refuse the whole batch that they are in.
#[tokio::test]
async fn text_that_no_message_can_carry_is_refused_at_the_edge() {
    let marquee = Marquee::start().await;
    for (item, order) in [("x\u{ffff}", "o"), ("x", "o\u{fffe}"), ("x\u{0}", "o")] {
        let body = json!({ "item": item, "qty": 1, "student_id": "S1", "order_id": order });
        marquee.post("/order", &body).await.problem(422, "invalid-field");
    }
}
