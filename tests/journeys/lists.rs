//! Lists as their clients read them, and as few requests as they need.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Marquee, eventually, text};

/// The food-ordering document's own tests iterate over these.
#[tokio::test]
async fn orders_notifications_and_the_inventory_are_bare_arrays_with_a_link_to_the_next_page() {
    let marquee = Marquee::start().await;
    let item = marquee.new_item(10).await;
    let student = format!("S{}", Uuid::new_v4().simple());
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(marquee.order(&item, 1, &student).await);
    }
    for id in &ids {
        marquee.await_order(id, "RESERVED").await;
        marquee.await_notification(id).await;
    }
    for path in ["/orders", "/notifications", "/inventory"] {
        let page = marquee.get(&format!("{path}?limit=1")).await;
        assert_eq!(page.expect(200).as_array().map(Vec::len), Some(1), "{path}");
        assert!(page.next_page().is_some_and(|next| next.starts_with(path)), "{path}");
    }
    let path = format!("/orders?student_id={student}&limit=2");
    let listed = eventually(async || marquee.all(&path).await.len() == 3);
    assert!(listed.await, "{path}");
    let first = marquee.get(&path).await;
    let second = marquee.get(&first.next_page().expect("a link")).await;
    assert_eq!(second.next_page(), None);
    let (first, second) = (first.expect(200), second.expect(200));
    let of = |page: &Value| page.as_array().expect("an array").clone();
    let listed: Vec<_> = [of(&first), of(&second)].concat();
    let mut listed: Vec<_> = listed.iter().map(|order| text(&order["order_id"])).collect();
    listed.sort();
    ids.sort();
    assert_eq!(listed, ids);
}

#[tokio::test]
async fn the_sessions_of_an_event_and_the_halls_of_a_location_come_without_those_of_others() {
    let marquee = Marquee::start().await;
    let (session, hall) = marquee.new_session_in_hall(1, 1, 40).await;
    let session = marquee.get(&format!("/api/v1/sessions/{session}")).await.expect(200);
    let body = json!({
        "event_id": session["event_id"], "hall_id": hall, "base_price": 40,
        "start_time": "2030-01-02T19:00:00Z", "end_time": "2030-01-02T22:00:00Z",
    });
    let second = marquee.post("/api/v1/sessions", &body).await.expect(201);
    // Others, of other events, lie between.
    for _ in 0..5 {
        marquee.new_session(1, 1).await;
    }
    let path = format!("/api/v1/sessions?event_id={}&limit=2", text(&session["event_id"]));
    let both = async || {
        let page = marquee.get(&path).await.expect(200);
        let ids = page["items"].as_array().expect("items").iter();
        let mut ids: Vec<_> = ids.map(|item| text(&item["session_id"])).collect();
        ids.sort();
        let mut expected = vec![text(&session["session_id"]), text(&second["session_id"])];
        expected.sort();
        ids == expected
    };
    assert!(eventually(both).await, "the first page of two has both");
    let one = marquee.all(&path.replace("limit=2", "limit=1")).await;
    assert_eq!(one.len(), 2, "page by page");

    let hall = marquee.get(&format!("/api/v1/halls/{hall}")).await.expect(200);
    let path = format!("/api/v1/locations/{}/halls", text(&hall["location_id"]));
    let second = marquee.post(&path, &json!({ "name": "Second" })).await.expect(201);
    let mut expected = [text(&hall["hall_id"]), text(&second["hall_id"])];
    expected.sort();
    let both = async || {
        let halls = marquee.all(&path).await;
        let mut ids: Vec<_> = halls.iter().map(|hall| text(&hall["hall_id"])).collect();
        ids.sort();
        ids == expected
    };
    assert!(eventually(both).await, "{path}");
}

#[tokio::test]
async fn a_client_that_takes_gzip_gets_a_seat_map_in_a_fifth_of_its_size() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(30, 30).await;
    let path = format!("/api/v1/sessions/{session}/seat-map");
    let plain = marquee.get(&path).await;
    assert_eq!(plain.header("content-encoding"), "");
    let headers = [("accept-encoding", "gzip")];
    let small = marquee.send(Method::GET, &path, &headers, None).await;
    assert_eq!((small.status, small.header("content-encoding")), (200, "gzip"));
    assert!(small.bytes.len() * 5 < plain.bytes.len(), "{}", small.bytes.len());
    let mut unpacked = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(small.bytes.as_slice());
    std::io::Read::read_to_end(&mut decoder, &mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain.bytes);
    assert_eq!(small.header("etag"), plain.header("etag"));
}
