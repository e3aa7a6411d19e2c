//! A payment that comes after the hold has run out: honoured if the seats are still free, given
//! back if not, and on record either way.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Marquee, PAYMENT};

#[tokio::test]
async fn it_is_honoured_while_nobody_else_has_the_seats() {
    let marquee = Marquee::start_with_hold(200).await;
    let session = marquee.new_session(1, 2).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let id = marquee.hold(user, &session, &[&seats[0], &seats[1]]).await;
    marquee.await_status(&session, &seats[0], "available").await;
    let confirmed = marquee.confirm(user, &id, PAYMENT).await.expect(200);
    assert_eq!(confirmed["status"], "confirmed");
    assert_eq!(confirmed["payment"]["late"], true);
    marquee.await_status(&session, &seats[0], "sold").await;
    marquee.await_status(&session, &seats[1], "sold").await;
    // The expiry's own event, whenever it comes, changes nothing any more.
    marquee.come_to_rest().await;
    marquee.await_status(&session, &seats[0], "sold").await;
}

#[tokio::test]
async fn it_goes_back_if_somebody_else_has_one_of_them() {
    let marquee = Marquee::start_with_hold(300).await;
    let session = marquee.new_session(1, 2).await;
    let seats = marquee.seat_ids(&session).await;
    let (late, quick) = (Uuid::new_v4(), Uuid::new_v4());
    let lost = marquee.hold(late, &session, &[&seats[0], &seats[1]]).await;
    marquee.await_status(&session, &seats[1], "available").await;
    let won = marquee.hold(quick, &session, &[&seats[1]]).await;
    marquee.confirm(quick, &won, "quick").await.expect(200);

    let refused = marquee.confirm(late, &lost, PAYMENT).await.problem(410, "hold-expired");
    assert_eq!(refused["refund"]["status"], "refunded");
    assert_eq!(refused["refund"]["payment_id"], PAYMENT);
    let again = marquee.confirm(late, &lost, PAYMENT).await.problem(410, "hold-expired");
    assert_eq!(again["refund"]["status"], "refunded");
    let on_record = marquee.get_as(late, &format!("/api/v1/reservations/{lost}")).await;
    let on_record = on_record.expect(200);
    assert_eq!(on_record["status"], "expired");
    assert_eq!(on_record["payment"]["status"], "refunded");
    assert_eq!(on_record["payment"]["late"], true);
    // The one who was quick keeps the seat, and the other one is free.
    marquee.await_status(&session, &seats[1], "sold").await;
    assert_eq!(marquee.seat(&session, &seats[0]).await["status"], "available");
    let tickets = marquee.get(&format!("/api/v1/tickets/user/{late}")).await.expect(200);
    assert_eq!(tickets, json!([]));
}

#[tokio::test]
async fn with_no_payment_made_there_is_nothing_to_honour() {
    let marquee = Marquee::start_with_hold(100).await;
    let session = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let id = marquee.hold(user, &session, &[&seats[0]]).await;
    marquee.await_status(&session, &seats[0], "available").await;
    let path = format!("/api/v1/reservations/{id}");
    let refused = marquee.post_as(user, &format!("{path}/confirm"), &json!({})).await;
    refused.problem(410, "hold-expired");
    marquee.delete_as(user, &path).await.problem(410, "hold-expired");
}

#[tokio::test]
async fn of_two_payments_at_once_one_confirms_and_the_other_goes_back() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let id = marquee.hold(user, &session, &[&seats[0]]).await;
    let (one, other) =
        tokio::join!(marquee.confirm(user, &id, "pay-1"), marquee.confirm(user, &id, "pay-2"));
    let (won, lost) = if one.status == 200 { (one, other) } else { (other, one) };
    let kept = won.expect(200)["payment"]["payment_id"].clone();
    let refused = lost.problem(409, "reservation-closed");
    assert_eq!(refused["refund"]["status"], "refunded");
    assert_ne!(refused["refund"]["payment_id"], kept);
    let after = marquee.get_as(user, &format!("/api/v1/reservations/{id}")).await.expect(200);
    assert_eq!(after["payment"]["status"], "captured");
}

#[tokio::test]
async fn a_payment_for_a_cancelled_reservation_goes_back() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let id = marquee.hold(user, &session, &[&seats[0]]).await;
    marquee.delete_as(user, &format!("/api/v1/reservations/{id}")).await.expect(200);
    let refused = marquee.confirm(user, &id, PAYMENT).await.problem(409, "reservation-closed");
    assert_eq!(refused["refund"]["status"], "refunded");
}
