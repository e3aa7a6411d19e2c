//! A payment that comes after the hold has run out: honoured if the seats are still free, withdrawn
//! before anything is taken if not, and on record either way.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Marquee, payment};

#[tokio::test]
async fn it_is_honoured_while_nobody_else_has_the_seats() {
    let marquee = Marquee::start_with_hold(200).await;
    let session = marquee.new_session(1, 2).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let id = marquee.hold(user, &session, &[&seats[0], &seats[1]]).await;
    marquee.await_status(&session, &seats[0], "available").await;
    let confirmed = marquee.confirm(user, &id, &payment()).await.expect(200);
    assert_eq!(confirmed["status"], "confirmed");
    assert_eq!(confirmed["payment"]["late"], true);
    marquee.await_status(&session, &seats[0], "sold").await;
    marquee.await_status(&session, &seats[1], "sold").await;
    // The expiry's own event, whenever it comes, changes nothing any more.
    marquee.come_to_rest().await;
    marquee.await_status(&session, &seats[0], "sold").await;
}

#[tokio::test]
async fn it_is_withdrawn_if_somebody_else_has_one_of_them() {
    let marquee = Marquee::start_with_hold(300).await;
    let session = marquee.new_session(1, 2).await;
    let seats = marquee.seat_ids(&session).await;
    let (late, quick) = (Uuid::new_v4(), Uuid::new_v4());
    let lost = marquee.hold(late, &session, &[&seats[0], &seats[1]]).await;
    marquee.await_status(&session, &seats[1], "available").await;
    let won = marquee.hold(quick, &session, &[&seats[1]]).await;
    marquee.confirm(quick, &won, &payment()).await.expect(200);

    let paid = payment();
    let refused = marquee.confirm(late, &lost, &paid).await.problem(410, "hold-expired");
    assert_eq!(refused["payment"]["status"], "voided");
    assert_eq!(refused["payment"]["payment_id"], paid);
    let again = marquee.confirm(late, &lost, &paid).await.problem(410, "hold-expired");
    assert_eq!(again["payment"]["status"], "voided");
    let on_record = marquee.get_as(late, &format!("/api/v1/reservations/{lost}")).await;
    let on_record = on_record.expect(200);
    assert_eq!(on_record["status"], "expired");
    assert_eq!(on_record["payment"]["status"], "voided");
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
async fn of_two_payments_at_once_one_confirms_and_the_other_is_withdrawn() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let user = Uuid::new_v4();
    let id = marquee.hold(user, &session, &[&seats[0]]).await;
    let (first, second) = (payment(), payment());
    let (one, other) =
        tokio::join!(marquee.confirm(user, &id, &first), marquee.confirm(user, &id, &second));
    let (won, lost) = if one.status == 200 { (one, other) } else { (other, one) };
    let kept = won.expect(200)["payment"]["payment_id"].clone();
    let refused = lost.problem(409, "reservation-closed");
    // Nothing is said of one that came when the other had confirmed already: it was never touched.
    if let Some(withdrawn) = refused.get("payment") {
        assert_eq!(withdrawn["status"], "voided");
        assert_ne!(withdrawn["payment_id"], kept);
    }
    let after = marquee.await_payment(user, &id, "captured").await;
    assert_eq!(after["payment"]["payment_id"], kept);
}
