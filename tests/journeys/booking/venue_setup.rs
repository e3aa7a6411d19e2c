//! A seller sets up a hall and puts a session on sale.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Marquee, text};

#[tokio::test]
async fn everything_created_can_be_read_back() {
    let marquee = Marquee::start().await;
    let organizer = json!({ "name": "Opera Co", "contact_email": "box@office.example" });
    let organizer = marquee.post("/api/v1/organizers", &organizer).await.expect(201);
    assert_eq!(organizer["contact_email"], "box@office.example", "further fields are kept");
    let location = json!({ "name": "Opera House", "address": "1 Square", "city": "Vienna" });
    let location = marquee.post("/api/v1/locations", &location).await.expect(201);
    let location_id = text(&location["location_id"]);
    let halls = format!("/api/v1/locations/{location_id}/halls");
    let hall = marquee.post(&halls, &json!({ "name": "Main" })).await.expect(201);
    let hall_id = text(&hall["hall_id"]);
    let event = json!({
        "title": "Tosca", "description": "In three acts", "event_type": "opera",
        "organizer_id": organizer["organizer_id"],
    });
    let event = marquee.post("/api/v1/events", &event).await.expect(201);

    let seats = format!("/api/v1/halls/{hall_id}/seats");
    let seat = json!({ "row_number": "A", "seat_number": 1, "seat_type": "vip" });
    let seat = marquee.post(&seats, &seat).await.expect(201);
    let second = json!({ "row_number": "A", "seat_number": "2" });
    marquee.post(&seats, &second).await.expect(201);

    let session = json!({
        "event_id": event["event_id"], "hall_id": hall_id, "base_price": 49.9,
        "start_time": "2030-05-01T19:00:00Z", "end_time": "2030-05-01T22:00:00Z",
    });
    let session = marquee.post("/api/v1/sessions", &session).await.expect(201);

    for (path, created) in [
        (format!("/api/v1/organizers/{}", text(&organizer["organizer_id"])), &organizer),
        (format!("/api/v1/locations/{location_id}"), &location),
        (format!("/api/v1/halls/{hall_id}"), &hall),
        (format!("{seats}/{}", text(&seat["seat_id"])), &seat),
        (format!("/api/v1/events/{}", text(&event["event_id"])), &event),
        (format!("/api/v1/sessions/{}", text(&session["session_id"])), &session),
    ] {
        assert_eq!(&marquee.get(&path).await.expect(200), created, "{path}");
    }
    assert_eq!(marquee.all(&halls).await, [hall]);
    let listed = marquee.get(&seats).await.expect(200);
    assert_eq!(listed["items"][0], seat);
    let on_sale = marquee.seats(&text(&session["session_id"])).await;
    assert_eq!(on_sale.len(), 2);
    assert_eq!(on_sale[0]["seat_id"], seat["seat_id"]);
    assert_eq!((&on_sale[0]["seat_type"], &on_sale[0]["price"]), (&json!("vip"), &json!(49.9)));
}

#[tokio::test]
async fn a_hall_of_ten_thousand_seats_is_laid_out_in_one_call_and_sold_from() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(100, 100).await;
    let reply = marquee.get(&format!("/api/v1/sessions/{session}/seat-map")).await;
    let map = reply.expect(200);
    let seats = map["seats"].as_array().expect("seats");
    assert_eq!(seats.len(), 10_000);
    let labels = |seat: &Value| (text(&seat["row_number"]), text(&seat["seat_number"]));
    assert_eq!(labels(&seats[0]), ("1".into(), "1".into()));
    assert_eq!(labels(&seats[9_999]), ("100".into(), "100".into()), "row 2 before row 10");
    let ids: std::collections::HashSet<_> =
        seats.iter().map(|seat| text(&seat["session_seat_id"])).collect();
    assert_eq!(ids.len(), 10_000);
    let last = text(&seats[9_999]["session_seat_id"]);
    marquee.hold(Uuid::new_v4(), &session, &[&last]).await;
    assert_eq!(marquee.seat(&session, &last).await["status"], "reserved");
}

#[tokio::test]
async fn rows_may_be_listed_seat_by_seat() {
    let marquee = Marquee::start().await;
    let (_, hall) = marquee.new_session_in_hall(1, 1, 40).await;
    let path = format!("/api/v1/halls/{hall}/seats");
    let rows = json!({ "rows": [
        { "row_number": "B", "seat_count": 2, "seat_type": "box" },
        { "row_number": "C", "seats": [{ "seat_number": "1a" }, { "seat_number": 7 }] },
    ]});
    let added = marquee.post(&path, &rows).await.expect(201);
    assert_eq!((&added["rows_count"], &added["seats_count"]), (&json!(2), &json!(4)));
    let flat = json!({ "seats": [
        { "row_number": "D", "seat_number": 1 }, { "row_number": "D", "seat_number": 2 },
    ]});
    marquee.post(&path, &flat).await.expect(201);
    let all = marquee.get(&path).await.expect(200);
    let labels: Vec<_> = all["items"]
        .as_array()
        .expect("seats")
        .iter()
        .map(|seat| format!("{}{}", text(&seat["row_number"]), text(&seat["seat_number"])))
        .collect();
    assert_eq!(labels, ["11", "B1", "B2", "C1a", "C7", "D1", "D2"]);
    let problem = marquee.post(&path, &rows).await.problem(409, "already-exists");
    assert_eq!(problem["rows"], json!(["B", "C"]));
    let twice = json!({ "row_number": "D", "seat_number": 2 });
    marquee.post(&path, &twice).await.problem(409, "already-exists");
}

#[tokio::test]
async fn lists_are_paged_by_a_cursor_that_says_nothing_to_the_caller() {
    let marquee = Marquee::start().await;
    // Others may be there, and more may come while we look.
    let ours: Vec<_> = (0..7).map(|n| format!("{n} {}", Uuid::new_v4())).collect();
    for name in &ours {
        marquee.post("/api/v1/organizers", &json!({ "name": name })).await.expect(201);
    }
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = marquee.get(&format!("/api/v1/organizers?limit=3{cursor}")).await.expect(200);
        let items = page["items"].as_array().expect("items").clone();
        assert!(items.len() <= 3);
        names.extend(items.iter().map(|item| text(&item["name"])));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    names.retain(|name| ours.contains(name));
    names.sort();
    assert_eq!(names, ours);
    for query in ["limit=0", "limit=-1", "limit=many", "cursor=!!!", "cursor="] {
        let reply = marquee.get(&format!("/api/v1/organizers?{query}")).await;
        reply.problem(400, "malformed-request");
    }
}

#[tokio::test]
async fn a_price_tier_multiplies_the_base_price_for_its_session_only() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 4).await;
    let other = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let vip = json!({ "session_id": session, "name": "VIP", "multiplier": 1.25 });
    let vip = marquee.post("/api/v1/price-tiers", &vip).await.expect(201);
    let child = json!({ "name": "Child", "base_multiplier": "0.333", "description": "under 12" });
    let child = marquee.post("/api/v1/admin/price-tiers", &child).await.expect(201);
    let foreign = json!({ "session_id": other, "name": "Cheap", "multiplier": 0 });
    let foreign = marquee.post("/api/v1/price-tiers", &foreign).await.expect(201);
    let path = format!("/api/v1/price-tiers/{}", text(&vip["price_tier_id"]));
    assert_eq!(marquee.get(&path).await.expect(200), vip);

    let seat = |id: &str, tier: &Value| json!({ "session_seat_id": id, "price_tier_id": tier["price_tier_id"] });
    let body = json!({ "session_id": session, "seats": [
        seat(&seats[0], &vip), seat(&seats[1], &child), json!({ "session_seat_id": seats[2] }),
    ]});
    let reservation = marquee.post_as(Uuid::new_v4(), "/api/v1/reservations", &body).await;
    let reservation = reservation.expect(201);
    let prices: Vec<_> = reservation["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["price"].to_string())
        .collect();
    assert_eq!(prices, ["50.0", "13.32", "40.0"]);
    assert_eq!(reservation["total_amount"].to_string(), "103.32");

    let body = json!({ "session_id": session, "seats": [seat(&seats[3], &foreign)] });
    let reply = marquee.post_as(Uuid::new_v4(), "/api/v1/reservations", &body).await;
    assert_eq!(reply.problem(422, "invalid-field")["field"], "seats[0].price_tier_id");
}

#[tokio::test]
async fn an_unchanged_seat_map_is_not_sent_twice() {
    let marquee = Marquee::start_with_hold(1_500).await;
    let session = marquee.new_session(2, 2).await;
    let path = format!("/api/v1/sessions/{session}/seat-map");
    let first = marquee.get(&path).await;
    let tag = first.header("etag").to_owned();
    let again = |tag: String| {
        let (marquee, path) = (&marquee, &path);
        async move {
            let headers = [("if-none-match", tag.as_str())];
            marquee.send(reqwest::Method::GET, path, &headers, None).await
        }
    };
    let same = again(tag.clone()).await;
    assert_eq!((same.status, same.bytes.len(), same.header("etag")), (304, 0, tag.as_str()));

    let seat = text(&first.json()["seats"][0]["session_seat_id"]);
    marquee.hold(Uuid::new_v4(), &session, &[&seat]).await;
    let held = again(tag.clone()).await;
    assert_eq!(held.status, 200);
    let held_tag = held.header("etag").to_owned();
    marquee.await_status(&session, &seat, "available").await;
    assert_eq!(again(held_tag).await.status, 200, "a hold that ran out changes the map");
    assert_eq!(again(format!("W/\"other\", {tag}")).await.status, 304);
}
