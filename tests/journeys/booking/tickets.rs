//! Tickets at the door.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Marquee, payment, text};

/// A confirmed ticket, and the code a scanner reads from its QR image.
async fn ticket(marquee: &Marquee) -> (String, String) {
    let session = marquee.new_session(1, 2).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let id = marquee.hold(user, &session, &[&seats[1]]).await;
    marquee.confirm(user, &id, &payment()).await.expect(200);
    let tickets = marquee.get(&format!("/api/v1/tickets/user/{user}")).await.expect(200);
    let ticket = text(&tickets[0]["id"]);
    let image = marquee.get(&format!("/api/v1/tickets/{ticket}/qr")).await;
    (ticket, scan(&image.bytes))
}

fn scan(png: &[u8]) -> String {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("a png");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("pixels");
    let (width, height) = (info.width as usize, info.height as usize);
    let mut image =
        rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| pixels[y * width + x]);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "one code in the image");
    grids[0].decode().expect("a readable code").1
}

async fn check_in(marquee: &Marquee, ticket: &str, body: &Value) -> crate::reply::Reply {
    marquee.post(&format!("/api/v1/tickets/{ticket}/check-in"), body).await
}

#[tokio::test]
async fn a_device_with_the_public_key_verifies_the_code_with_no_network() {
    let marquee = Marquee::start().await;
    let (ticket, code) = ticket(&marquee).await;
    let keys = marquee.get("/.well-known/jwks.json").await;
    let keys: JwkSet = serde_json::from_slice(&keys.bytes).expect("a key set");
    let header = jsonwebtoken::decode_header(&code).expect("a header");
    let key = keys.find(&header.kid.expect("a key id")).expect("the key");
    let key = DecodingKey::from_jwk(key).expect("a key");
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    let read = jsonwebtoken::decode::<Value>(&code, &key, &validation).expect("genuine");
    assert_eq!(read.claims["sub"], ticket);
    assert_eq!((&read.claims["row"], &read.claims["seat"]), (&json!("1"), &json!("2")));

    let altered = altered(&code);
    assert!(jsonwebtoken::decode::<Value>(&altered, &key, &validation).is_err());
}

/// The same code for a better seat.
fn altered(code: &str) -> String {
    let parts: Vec<_> = code.split('.').collect();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(parts[1]).expect("base64");
    let claims =
        String::from_utf8(claims).expect("text").replace("\"seat\":\"2\"", "\"seat\":\"1\"");
    format!("{}.{}.{}", parts[0], BASE64_URL_SAFE_NO_PAD.encode(claims), parts[2])
}

#[tokio::test]
async fn the_first_use_counts_and_the_second_is_told_when_and_where() {
    let marquee = Marquee::start().await;
    let (ticket, code) = ticket(&marquee).await;
    let used = check_in(&marquee, &ticket, &json!({ "code": code, "gate": "North 3" })).await;
    let used = used.expect(200);
    assert_eq!((&used["is_used"], &used["status"]), (&json!(true), &json!("used")));
    let again = check_in(&marquee, &ticket, &json!({ "gate": "South" })).await;
    let again = again.problem(409, "ticket-used");
    assert_eq!(again["used_gate"], "North 3");
    assert_eq!(again["used_at"], used["used_at"]);
    let read = marquee.get(&format!("/api/v1/tickets/{ticket}")).await.expect(200);
    assert_eq!(read["is_used"], true);
}

#[tokio::test]
async fn ten_devices_at_once_let_one_visitor_in() {
    let marquee = Marquee::start().await;
    let (ticket, code) = ticket(&marquee).await;
    let body = json!({ "code": code, "gate": "any" });
    let replies =
        futures_util::future::join_all((0..10).map(|_| check_in(&marquee, &ticket, &body))).await;
    let admitted = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(admitted, 1);
    for refused in replies.iter().filter(|reply| reply.status != 200) {
        refused.problem(409, "ticket-used");
    }
}

#[tokio::test]
async fn forged_altered_and_swapped_codes_are_refused_and_use_nothing_up() {
    let marquee = Marquee::start().await;
    let (first, code) = ticket(&marquee).await;
    let (_, swapped) = ticket(&marquee).await;
    let forger = Marquee::start().await;
    let (_, forged) = ticket(&forger).await;
    for code in [altered(&code), swapped, forged, "scribble".into(), String::new()] {
        let refused = check_in(&marquee, &first, &json!({ "code": code })).await;
        refused.problem(422, "ticket-forged");
    }
    check_in(&marquee, &first, &json!({ "code": code })).await.expect(200);
}

#[tokio::test]
async fn there_is_no_ticket_before_confirmation_and_none_for_strangers() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let held = marquee.reserve(user, &session, &[&seats[0]]).await.expect(201);
    let item = text(&held["items"][0]["id"]);
    marquee.get(&format!("/api/v1/tickets/{item}")).await.problem(404, "not-found");
    marquee.get(&format!("/api/v1/tickets/{item}/qr")).await.problem(404, "not-found");
    check_in(&marquee, &item, &json!({})).await.problem(404, "not-found");
    for id in [Uuid::new_v4().to_string(), "nonsense".into()] {
        marquee.get(&format!("/api/v1/tickets/{id}")).await.problem(404, "not-found");
    }
    let path = format!("/api/v1/tickets/user/{user}");
    assert_eq!(marquee.get(&path).await.expect(200), json!([]));
    marquee.get_as(Uuid::new_v4(), &path).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_users_tickets_come_in_pages() {
    let marquee = Marquee::start().await;
    let user = Uuid::new_v4();
    for _ in 0..3 {
        let session = marquee.new_session(1, 2).await;
        let seats = marquee.seat_ids(&session).await;
        let id = marquee.hold(user, &session, &[&seats[0], &seats[1]]).await;
        marquee.confirm(user, &id, &payment()).await.expect(200);
    }
    let first = marquee.get(&format!("/api/v1/tickets/user/{user}?limit=2")).await;
    assert_eq!(first.json().as_array().map(Vec::len), Some(4), "two reservations");
    let rest = marquee.get(&first.next_page().expect("a link to the next page")).await;
    assert_eq!(rest.json().as_array().map(Vec::len), Some(2));
    assert_eq!(rest.next_page(), None);
}
