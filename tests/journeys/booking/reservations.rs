//! Holding, reading, cancelling.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Marquee, payment, text};

#[tokio::test]
async fn seats_are_held_all_or_none_and_the_refusal_names_those_taken() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(2, 40).await;
    let seats = marquee.seat_ids(&session).await;
    marquee.hold(Uuid::new_v4(), &session, &[&seats[1]]).await;
    // Seats 1 and 40 of the first row lie in different blocks of storage, 41 in another row.
    let wanted = [&*seats[0], &seats[1], &seats[39], &seats[41]];
    let refused = marquee.reserve(Uuid::new_v4(), &session, &wanted).await;
    let problem = refused.problem(409, "seat-taken");
    let taken = &problem["seats"];
    assert_eq!(
        taken,
        &json!([{
            "session_seat_id": seats[1], "row_number": "1", "seat_number": "2",
        }])
    );
    for seat in [&seats[0], &seats[39], &seats[41]] {
        assert_eq!(marquee.seat(&session, seat).await["status"], "available");
    }
    marquee.hold(Uuid::new_v4(), &session, &[&seats[0], &seats[39], &seats[41]]).await;
}

#[tokio::test]
async fn another_users_reservation_is_not_found() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let (owner, stranger) = (Uuid::new_v4(), Uuid::new_v4());
    let id = marquee.hold(owner, &session, &[&seats[0]]).await;
    let path = format!("/api/v1/reservations/{id}");
    marquee.get_as(owner, &path).await.expect(200);
    marquee.get_as(stranger, &path).await.problem(404, "not-found");
    marquee.delete_as(stranger, &path).await.problem(404, "not-found");
    marquee.confirm(stranger, &id, &payment()).await.problem(404, "not-found");
    marquee.get(&path).await.problem(400, "malformed-request");
}

#[tokio::test]
async fn a_cancelled_reservation_frees_its_seats_at_once_and_cannot_be_confirmed() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 2).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let id = marquee.hold(user, &session, &[&seats[0], &seats[1]]).await;
    let path = format!("/api/v1/reservations/{id}");
    let cancelled = marquee.delete_as(user, &path).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(marquee.delete_as(user, &path).await.expect(200)["status"], "cancelled");
    marquee.confirm(user, &id, &payment()).await.problem(409, "reservation-closed");
    let other = marquee.hold(Uuid::new_v4(), &session, &[&seats[0]]).await;
    assert_ne!(other, id);
    // The cancellation's own event finds nothing to free.
    marquee.come_to_rest().await;
    assert_eq!(marquee.seat(&session, &seats[0]).await["status"], "reserved");
    assert_eq!(marquee.seat(&session, &seats[1]).await["status"], "available");
}

#[tokio::test]
async fn a_confirmed_reservation_cannot_be_cancelled_or_paid_for_again() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let id = marquee.hold(user, &session, &[&seats[0]]).await;
    let paid = payment();
    let confirmed = marquee.confirm(user, &id, &paid).await.expect(200);
    let again = marquee.confirm(user, &id, &paid).await.expect(200);
    assert_eq!(again["updated_at"], confirmed["updated_at"], "a retry");
    assert_eq!(again["payment"]["payment_id"], paid);
    marquee.confirm(user, &id, &payment()).await.problem(409, "reservation-closed");
    let path = format!("/api/v1/reservations/{id}");
    marquee.delete_as(user, &path).await.problem(409, "reservation-closed");
}

#[tokio::test]
async fn confirming_takes_no_body_at_all() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let id = marquee.hold(user, &session, &[&seats[0]]).await;
    let path = format!("/api/v1/reservations/{id}/confirm");
    let headers = [("x-user-id", &*user.to_string())];
    let reply = marquee.send(reqwest::Method::POST, &path, &headers, None).await;
    let confirmed = reply.expect(200);
    assert_eq!(
        (&confirmed["status"], &confirmed["payment"]["status"]),
        (&json!("confirmed"), &json!("authorised"))
    );
}

#[tokio::test]
async fn a_declined_or_unanswered_payment_leaves_the_hold_as_it_was() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let id = marquee.hold(user, &session, &[&seats[0]]).await;
    let declined = marquee.confirm(user, &id, "99999999-0000-0000-0000-000000000402").await;
    declined.problem(402, "payment-declined");
    // It stays with the reservation: nobody knows whether the money moved.
    let silent = format!("{}-000000000408", &payment()[..23]);
    let silent = marquee.confirm(user, &id, &silent).await;
    silent.problem(504, "payment-timed-out");
    let reservation = marquee.get_as(user, &format!("/api/v1/reservations/{id}")).await.expect(200);
    assert_eq!(reservation["status"], "active");
    marquee.confirm(user, &id, &payment()).await.expect(200);
}

#[tokio::test]
async fn one_user_cannot_hold_more_than_the_limit_in_a_session() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 30).await;
    let seats = marquee.seat_ids(&session).await;
    let seats: Vec<_> = seats.iter().map(String::as_str).collect();
    let user = Uuid::new_v4();
    marquee.reserve(user, &session, &seats[..11]).await.problem(409, "hold-limit");
    let first = marquee.hold(user, &session, &seats[..6]).await;
    let refused = marquee.reserve(user, &session, &seats[6..11]).await;
    assert_eq!(refused.problem(409, "hold-limit")["limit"], 10);
    marquee.hold(user, &session, &seats[6..10]).await;
    marquee.reserve(user, &session, &seats[10..11]).await.problem(409, "hold-limit");
    // What is paid for or cancelled no longer counts; other users were never concerned.
    marquee.confirm(user, &first, &payment()).await.expect(200);
    marquee.hold(user, &session, &seats[10..16]).await;
    marquee.hold(Uuid::new_v4(), &session, &seats[20..30]).await;
}

#[tokio::test]
async fn the_limit_holds_against_one_users_requests_at_the_same_moment() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(4, 25).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let requests = seats.chunks(5).map(|five| {
        let five: Vec<_> = five.iter().map(String::as_str).collect();
        let (marquee, session) = (&marquee, &session);
        async move {
            // A request among so many of one user may be asked to come again.
            loop {
                match marquee.reserve(user, session, &five).await {
                    busy if busy.status == 503 => {}
                    reply => return reply,
                }
            }
        }
    });
    let replies = futures_util::future::join_all(requests).await;
    let held = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(held, 2, "ten seats in all");
    for refused in replies.iter().filter(|reply| reply.status != 201) {
        refused.problem(409, "hold-limit");
    }
}

#[tokio::test]
async fn labels_may_be_numbers_and_must_be_the_seats_own() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 2).await;
    let seats = marquee.seat_ids(&session).await;
    let body = |seat_number| {
        json!({ "session_id": session, "seats": [
            { "session_seat_id": seats[1], "row_number": 1, "seat_number": seat_number },
        ]})
    };
    let user = Uuid::new_v4();
    let wrong = marquee.post_as(user, "/api/v1/reservations", &body(1)).await;
    assert_eq!(wrong.problem(422, "invalid-field")["field"], "seats[0].seat_number");
    let right = marquee.post_as(user, "/api/v1/reservations", &body(2)).await.expect(201);
    assert_eq!(text(&right["items"][0]["seat_number"]), "2");
}
