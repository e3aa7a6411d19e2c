//! What a pass is good for.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Marquee, wanted};

#[tokio::test]
async fn a_pass_is_its_visitors_for_its_session_and_for_so_many_seats() {
    let marquee = Marquee::start().await;
    let message = "Two seats each, please!";
    let lobby = marquee.room(10, json!({ "seats_per_visitor": 2, "message": message })).await;
    // Who gives passes may know the room as it was a second ago.
    lobby.await_status("message", message).await;
    let elsewhere = marquee.session_behind_a_room(1, &json!({})).await;
    let visitor = lobby.visitor().await;
    let pass = lobby.pass(&visitor).await;
    let seats: Vec<_> = lobby.seats.iter().map(String::as_str).collect();

    let stranger = lobby.reserve(Uuid::new_v4(), &pass, &seats[..1]).await;
    stranger.problem(403, "pass-required");
    let other_session = elsewhere.reserve(visitor.user, &pass, &[&elsewhere.seats[0]]).await;
    other_session.problem(403, "pass-required");
    let too_many = lobby.reserve(visitor.user, &pass, &seats[..3]).await;
    assert_eq!(too_many.problem(403, "pass-required")["limit"], 2);
    let (claims, _) = pass.rsplit_once('.').expect("a signature");
    for forged in ["", "abc", claims, &format!("{claims}.{}", "A".repeat(43))] {
        let refused = lobby.reserve(visitor.user, forged, &seats[..1]).await;
        refused.problem(403, "pass-required");
    }
    // None of that has used it up.
    lobby.reserve(visitor.user, &pass, &seats[..2]).await.expect(201);
}

#[tokio::test]
async fn a_place_makes_one_reservation_whatever_becomes_of_it() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(10, json!({})).await;
    let visitor = lobby.visitor().await;
    let pass = lobby.pass(&visitor).await;
    let reserve = async |seat: usize| {
        let seat = lobby.seats[seat].as_str();
        lobby.reserve(visitor.user, &pass, &[seat]).await
    };
    let made = reserve(0).await.expect(201);
    let used = reserve(1).await.problem(409, "pass-used");
    assert_eq!(used["reservation_id"], made["id"]);
    // The next pass is for the same place.
    let renewed = lobby.pass(&visitor).await;
    let used = lobby.reserve(visitor.user, &renewed, &[&lobby.seats[1]]).await;
    used.problem(409, "pass-used");
    lobby.cancel(&visitor, made["id"].as_str().expect("an id")).await;
    reserve(0).await.problem(409, "pass-used");

    lobby.await_entry(&visitor, "status", "left").await;
    lobby.join(visitor.user).await.expect(202);
    lobby.hold(&visitor, &lobby.seats[0]).await;
}

#[tokio::test]
async fn what_was_reserved_with_a_pass_is_answered_again_without_one() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(10, json!({})).await;
    let visitor = lobby.visitor().await;
    let pass = lobby.pass(&visitor).await;
    let (user, key) = (visitor.user.to_string(), Uuid::new_v4().to_string());
    let body = wanted(&lobby.session, &[&lobby.seats[0]]).to_string();
    let send = async |pass: &[(&str, &str)]| {
        let headers = [("x-user-id", user.as_str()), ("idempotency-key", key.as_str())];
        let headers = [&headers, pass].concat();
        marquee.send(Method::POST, "/api/v1/reservations", &headers, Some(body.clone())).await
    };
    let made = send(&[("x-queue-pass", pass.as_str())]).await.expect(201);
    for pass in [&[("x-queue-pass", pass.as_str())][..], &[]] {
        assert_eq!(send(pass).await.expect(201)["id"], made["id"]);
    }
}
