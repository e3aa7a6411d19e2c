//! DynamoDB answers late, twice, or not at all.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use futures_util::{StreamExt, stream};
use marquee_booking_domain::seat::SeatState;
use marquee_testkit::faulty::Fault;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::booking::world::World;

/// A fault that strikes only while armed, as many times as it is told.
#[derive(Clone, Default)]
pub(super) struct Armed(Arc<AtomicU64>);

impl Armed {
    pub(super) fn times(&self, times: u64) {
        self.0.store(times, Ordering::SeqCst);
    }

    fn strike(&self, fault: Fault) -> Fault {
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if left.is_ok() { fault } else { Fault::None }
    }
}

pub(super) async fn armed_world(fault: Fault, on: &'static str) -> (World, Armed) {
    let armed = Armed::default();
    let strikes = armed.clone();
    let plan = move |operation: &str, _| match operation == on {
        true => strikes.strike(fault),
        false => Fault::None,
    };
    (World::with_faults(plan).await, armed)
}

#[tokio::test]
async fn a_hold_that_is_written_but_not_answered_is_one_hold_and_a_success() {
    let (world, armed) = armed_world(Fault::AnswerLost, "TransactWriteItems").await;
    let (session, seats) = world.session(1, 2).await;
    let user = Uuid::new_v4();
    armed.times(2);
    let id = world.held(user, &session, &[&seats[0]]).await;
    armed.times(1);
    assert_eq!(world.confirm(user, &id).await.0, 200);
    assert_eq!(world.published().await.len(), 1);
}

#[tokio::test]
async fn a_check_in_that_is_written_but_not_answered_lets_the_visitor_in() {
    let (world, armed) = armed_world(Fault::AnswerLost, "UpdateItem").await;
    let (session, seats) = world.session(1, 1).await;
    let user = Uuid::new_v4();
    let id = world.held(user, &session, &[&seats[0]]).await;
    world.confirm(user, &id).await;
    let (_, tickets) =
        world.call("GET", &format!("/api/v1/tickets/user/{user}"), None, &Value::Null).await;
    let path = format!("/api/v1/tickets/{}/check-in", tickets[0]["id"].as_str().expect("an id"));
    armed.times(1);
    assert_eq!(world.call("POST", &path, None, &json!({ "gate": "A" })).await.0, 200);
    assert_eq!(world.call("POST", &path, None, &json!({ "gate": "B" })).await.0, 409);
}

#[tokio::test]
async fn a_mark_that_is_written_but_not_answered_is_done() {
    let (world, armed) = armed_world(Fault::AnswerLost, "UpdateItem").await;
    let (session, seats) = world.session(1, 1).await;
    let user = Uuid::new_v4();
    let id = world.held(user, &session, &[&seats[0]]).await;
    world.confirm(user, &id).await;
    let event = world.published().await.pop().expect("an event");
    armed.times(1);
    assert_eq!(world.consume(&event).await, marquee_lambda::consumer::Outcome::Done);
    assert!(matches!(world.seat_state(&session, &seats[0]).await, SeatState::Sold(_)));
}

#[tokio::test]
async fn creations_that_are_written_but_not_answered_are_successes() {
    let (world, armed) = armed_world(Fault::AnswerLost, "PutItem").await;
    armed.times(1);
    let body = json!({ "name": "O" });
    let (status, answer) = world.call("POST", "/api/v1/organizers", None, &body).await;
    assert_eq!(status, 201, "{answer}");
    armed.times(1);
    // A hall's rows and a session's blocks are many puts; each may lose its answer.
    let (_, location) =
        world.call("POST", "/api/v1/locations", None, &json!({ "name": "L" })).await;
    let halls =
        format!("/api/v1/locations/{}/halls", location["location_id"].as_str().expect("id"));
    let (_, hall) = world.call("POST", &halls, None, &json!({ "name": "H" })).await;
    let plan = json!({ "row_count": 3, "seats_per_row": 3 });
    let seats = format!("/api/v1/halls/{}/seats", hall["hall_id"].as_str().expect("an id"));
    armed.times(2);
    let (status, answer) = world.call("POST", &seats, None, &plan).await;
    assert_eq!(status, 201, "{answer}");
    let event = json!({ "title": "E", "organizer_id": answer_id(&world).await });
    let (_, event) = world.call("POST", "/api/v1/events", None, &event).await;
    let session = json!({
        "event_id": event["event_id"], "hall_id": hall["hall_id"], "base_price": 1,
        "start_time": "2030-01-01T19:00:00Z", "end_time": "2030-01-01T22:00:00Z",
    });
    armed.times(3);
    let (status, session) = world.call("POST", "/api/v1/sessions", None, &session).await;
    assert_eq!(status, 201, "{session}");
    assert_eq!(world.seats(session["session_id"].as_str().expect("an id")).await.len(), 9);
}

async fn answer_id(world: &World) -> Value {
    let (_, organizers) = world.call("GET", "/api/v1/organizers", None, &Value::Null).await;
    organizers["items"][0]["organizer_id"].clone()
}

#[tokio::test]
async fn conflicts_are_retried_and_never_reported_as_a_taken_seat() {
    let (world, armed) = armed_world(Fault::Conflict, "TransactWriteItems").await;
    let (session, seats) = world.session(1, 2).await;
    let user = Uuid::new_v4();
    armed.times(5);
    let id = world.held(user, &session, &[&seats[0]]).await;
    armed.times(5);
    assert_eq!(world.confirm(user, &id).await.0, 200);
    // A storm that does not end is the system's trouble, and the caller is told to come again.
    armed.times(u64::MAX);
    let (status, problem) = world.hold(Uuid::new_v4(), &session, &[&seats[1]]).await;
    assert_eq!((status, &problem["type"]), (503, &json!("/problems/busy")));
    armed.times(0);
    world.held(Uuid::new_v4(), &session, &[&seats[1]]).await;
}

#[tokio::test]
async fn a_single_write_in_the_way_of_a_transaction_is_retried_too() {
    let (world, armed) = armed_world(Fault::Conflict, "UpdateItem").await;
    let (session, seats) = world.session(1, 1).await;
    let user = Uuid::new_v4();
    let id = world.held(user, &session, &[&seats[0]]).await;
    world.confirm(user, &id).await;
    let event = world.published().await.pop().expect("an event");
    armed.times(5);
    assert_eq!(world.consume(&event).await, marquee_lambda::consumer::Outcome::Done);
}

#[tokio::test]
async fn with_half_of_all_requests_throttled_or_lost_every_free_seat_can_still_be_had() {
    for fault in [Fault::Throttled, Fault::Lost, Fault::AnswerLost] {
        let on = Arc::new(AtomicBool::new(false));
        let armed = Arc::clone(&on);
        let world = World::with_faults(move |_, count| {
            match armed.load(Ordering::SeqCst) && count % 2 == 0 {
                true => fault,
                false => Fault::None,
            }
        })
        .await;
        let (session, seats) = world.session(2, 20).await;
        on.store(true, Ordering::SeqCst);
        let answers: Vec<_> = stream::iter(&seats)
            .map(|seat| async {
                let user = Uuid::new_v4();
                let id = world.held(user, &session, &[seat]).await;
                world.confirm(user, &id).await.0
            })
            .buffer_unordered(8)
            .collect()
            .await;
        assert!(answers.iter().all(|status| *status == 200), "{fault:?}: {answers:?}");
        on.store(false, Ordering::SeqCst);
        assert_eq!(world.published().await.len(), 40);
    }
}

/// Those who look must not keep a throttled table busy: a few tries, out of a budget that all of them
/// share, and an answer that says when to come again.
#[tokio::test]
async fn looking_at_a_throttled_table_ends_soon_and_soon_tries_only_once() {
    let queries = Arc::new(AtomicU64::new(0));
    let (counted, throttled) = (Arc::clone(&queries), Arc::new(AtomicBool::new(false)));
    let strike = Arc::clone(&throttled);
    let world = World::with_faults(move |operation, _| {
        let looks = operation == "Query" && strike.load(Ordering::SeqCst);
        counted.fetch_add(u64::from(looks), Ordering::SeqCst);
        if looks { Fault::Throttled } else { Fault::None }
    })
    .await;
    let (session, seats) = world.session(1, 2).await;
    throttled.store(true, Ordering::SeqCst);
    let path = format!("/api/v1/sessions/{session}/seat-map");
    let first = std::time::Instant::now();
    let (status, problem) = world.call("GET", &path, None, &Value::Null).await;
    assert_eq!((status, &problem["type"]), (503, &json!("/problems/busy")));
    assert!(first.elapsed().as_secs() < 8, "while somebody still waits");
    assert!(queries.load(Ordering::SeqCst) <= 4, "{queries:?} tries of one who looks");
    // Selling does not look, and goes on.
    world.held(Uuid::new_v4(), &session, &[&seats[0]]).await;

    let crowd = (0..60).map(|_| world.call("GET", &path, None, &Value::Null));
    for (status, _) in futures_util::future::join_all(crowd).await {
        assert_eq!(status, 503);
    }
    let tries = queries.load(Ordering::SeqCst);
    assert!(tries <= 61 + 20, "{tries} tries of 61: the budget is twenty retries");
}
