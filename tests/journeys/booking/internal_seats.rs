//! What other services do with seats.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{harness::Marquee, reply::Reply};

async fn call(marquee: &Marquee, session: &str, what: &str, body: &Value) -> Reply {
    marquee.post(&format!("/api/internal/sessions/{session}/seats/{what}"), body).await
}

#[tokio::test]
async fn seats_are_checked_reserved_released_and_confirmed_by_their_ids_alone() {
    let marquee = Marquee::start().await;
    assert_eq!(marquee.get("/api/internal/health").await.expect(200)["status"], "ok");
    let session = marquee.new_session(2, 2).await;
    let seats = marquee.seat_ids(&session).await;
    let pricing = marquee.get(&format!("/api/internal/sessions/{session}/pricing")).await;
    assert_eq!(pricing.expect(200)["base_price"].to_string(), "40.0");

    let body = json!({ "session_seat_ids": [seats[0], seats[2]] });
    let available = async || {
        let answer = call(&marquee, &session, "check-availability", &body).await.expect(200);
        answer["available"].clone()
    };
    assert_eq!(available().await, true);
    let held = call(&marquee, &session, "reserve", &body).await.expect(200);
    let held = json!({ "session_seat_ids": [seats[0], seats[2]],
        "reservation_id": held["reservation_id"] });
    assert_eq!(available().await, false);
    assert_eq!(marquee.seat(&session, &seats[2]).await["status"], "reserved");
    let buyer = marquee.reserve(Uuid::new_v4(), &session, &[&seats[0]]).await;
    buyer.problem(409, "seat-taken");
    assert_eq!(call(&marquee, &session, "release", &held).await.expect(200)["changed"], 2);
    assert_eq!(available().await, true);
    call(&marquee, &session, "reserve", &held).await.expect(200);
    assert_eq!(call(&marquee, &session, "confirm", &held).await.expect(200)["changed"], 2);
    assert_eq!(call(&marquee, &session, "confirm", &held).await.expect(200)["changed"], 0);
    assert_eq!(marquee.seat(&session, &seats[0]).await["status"], "sold");
}

#[tokio::test]
async fn nobody_releases_or_confirms_what_is_anothers() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 3).await;
    let seats = marquee.seat_ids(&session).await;
    let own = json!({ "session_seat_ids": [seats[0]], "reservation_id": Uuid::new_v4() });
    let others = json!({ "session_seat_ids": [seats[0]], "reservation_id": Uuid::new_v4() });
    let nobody = json!({ "session_seat_ids": [seats[0]] });
    call(&marquee, &session, "reserve", &own).await.expect(200);
    for stranger in [&others, &nobody] {
        call(&marquee, &session, "reserve", stranger).await.problem(409, "seat-taken");
    }
    let released = call(&marquee, &session, "release", &others).await.expect(200);
    assert_eq!(released["changed"], 0);
    call(&marquee, &session, "confirm", &others).await.problem(409, "seat-taken");
    for change in ["release", "confirm"] {
        let refused = call(&marquee, &session, change, &nobody).await.problem(422, "invalid-field");
        assert_eq!(refused["field"], "reservation_id", "{change}");
    }
    call(&marquee, &session, "confirm", &own).await.expect(200);

    // A buyer's reservation is just as safe from them.
    marquee.hold(Uuid::new_v4(), &session, &[&seats[1]]).await;
    let held = json!({ "session_seat_ids": [seats[1]], "reservation_id": Uuid::new_v4() });
    assert_eq!(call(&marquee, &session, "release", &held).await.expect(200)["changed"], 0);
    call(&marquee, &session, "confirm", &held).await.problem(409, "seat-taken");
    assert_eq!(marquee.seat(&session, &seats[1]).await["status"], "reserved");
}

#[tokio::test]
async fn confirming_is_all_or_none_and_reserving_twice_is_once() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(2, 2).await;
    let seats = marquee.seat_ids(&session).await;
    let owner = Uuid::new_v4();
    let some = json!({ "session_seat_ids": [seats[0]], "reservation_id": owner });
    let all = json!({ "session_seat_ids": [seats[0], seats[3]], "reservation_id": owner });
    let first = call(&marquee, &session, "reserve", &some).await.expect(200);
    let again = call(&marquee, &session, "reserve", &some).await.expect(200);
    assert_eq!(again, first, "a retry");
    let refused = call(&marquee, &session, "confirm", &all).await.problem(409, "seat-taken");
    assert_eq!(refused["seats"], json!([{ "session_seat_id": seats[3] }]));
    assert_eq!(marquee.seat(&session, &seats[0]).await["status"], "reserved", "not sold alone");
    call(&marquee, &session, "reserve", &all).await.expect(200);
    assert_eq!(call(&marquee, &session, "confirm", &all).await.expect(200)["changed"], 2);
}

#[tokio::test]
async fn of_two_callers_who_name_no_reservation_one_gets_the_seat() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let body = json!({ "session_seat_ids": [seats[0]] });
    let first = call(&marquee, &session, "reserve", &body).await.expect(200);
    call(&marquee, &session, "reserve", &body).await.problem(409, "seat-taken");
    let own = json!({ "session_seat_ids": [seats[0]], "reservation_id": first["reservation_id"] });
    call(&marquee, &session, "confirm", &own).await.expect(200);
    call(&marquee, &session, "reserve", &body).await.problem(409, "seat-taken");
}
