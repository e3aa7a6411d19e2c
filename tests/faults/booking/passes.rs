//! A session behind a waiting room: who holds its seats, and what the room hears of it.

use std::{collections::HashMap, time::Duration};

use futures_util::future::join_all;
use marquee_booking::{
    events::{ReservationEvent, SessionEvent},
    topology::TICKETING_EVENTS,
};
use marquee_booking_domain::seat::SeatState;
use marquee_host::database::table_name;
use marquee_kernel::ids::UserId;
use marquee_lambda::consumer::Outcome;
use marquee_messaging::{
    backends::memory::MemoryBroker,
    message::Message,
    topology::{Part, Queue, RetryPolicy},
};
use marquee_passes::{Pass, PassKey};
use marquee_testkit::faulty::Fault;
use reconcile_outbox::Limits;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    booking::{
        storage_faults::armed_world,
        world::{HOLD, World},
    },
    price::{Line, settle},
    system::{drain, relayed_to},
};

/// A queue for all that booking tells.
const ALL: Part = Part {
    queues: &[Queue {
        name: "all_ticketing_events",
        exchange: TICKETING_EVENTS,
        routing_keys: &[
            "session.created",
            "reservation.held",
            "reservation.confirmed",
            "reservation.expired",
            "reservation.cancelled",
        ],
        consumer: "this test",
        retry: RetryPolicy::STANDARD,
    }],
    reply_queues: &[],
};

impl World {
    async fn session_with_room(&self, seats: u16) -> (String, Vec<String>) {
        self.session_with(1, seats, json!({ "waiting_room": true })).await
    }

    /// A pass for two seats, for a minute.
    fn pass(&self, user: Uuid, session: &str) -> Pass {
        Pass {
            place: Some(Uuid::new_v4()),
            user: UserId::new(user),
            session: session.parse().expect("an id"),
            seats_max: 2,
            until: self.now_plus(Duration::from_secs(60)),
        }
    }

    /// What these headers say, beside who it is.
    fn headers(&self, user: Uuid, pass: &Pass, key: Option<&str>) -> Value {
        let pass = self.passes.sign(pass).expect("a token");
        match key {
            Some(key) => {
                json!({ "x-user-id": user, "x-queue-pass": pass, "idempotency-key": key })
            }
            None => json!({ "x-user-id": user, "x-queue-pass": pass }),
        }
    }

    async fn told(&self) -> Vec<Message> {
        let broker = relayed_to(&self.database, &table_name("booking"), ALL.into()).await;
        drain(&broker, ALL.queues[0].name).await
    }
}

/// Each event's type and place.
fn heard(messages: &[Message]) -> Vec<(String, Option<Uuid>)> {
    let events = messages.iter().map(|message| {
        let body: Value = serde_json::from_slice(&message.body).expect("json");
        let place = body["place_id"].as_str().map(|place| place.parse().expect("an id"));
        (body["event_type"].as_str().expect("a type").to_owned(), place)
    });
    events.collect()
}

#[tokio::test]
async fn seats_behind_a_waiting_room_take_a_pass_and_those_of_other_sessions_do_not() {
    let world = World::new().await;
    let (session, seats) = world.session_with_room(2).await;
    let (_, view) =
        world.call("GET", &format!("/api/v1/sessions/{session}"), None, &json!(null)).await;
    assert_eq!(view["waiting_room"], true);
    let user = Uuid::new_v4();
    let (status, problem) = world.hold(user, &session, &[&seats[0]]).await;
    assert_eq!((status, &problem["type"]), (403, &json!("/problems/pass-required")));
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains("missing"), "{detail}");
    assert!(detail.contains(&format!("POST /api/v1/queue/{session}/entries")), "{detail}");
    assert_eq!(world.seat_state(&session, &seats[0]).await, SeatState::Free);
    let pass = world.headers(user, &world.pass(user, &session), None);
    assert_eq!(world.hold_with(&pass, &session, &[&seats[0]]).await.0, 201);

    let (open, seats) = world.session(1, 2).await;
    assert_eq!(world.hold(user, &open, &[&seats[0]]).await.0, 201);
    let nonsense = json!({ "x-user-id": user, "x-queue-pass": "nonsense" });
    assert_eq!(world.hold_with(&nonsense, &open, &[&seats[1]]).await.0, 201);
    let reservation = heard(&world.told().await);
    assert_eq!(reservation.len(), 2, "nothing is told of the open session: {reservation:?}");
}

#[tokio::test]
async fn a_pass_of_somebody_else_another_session_over_or_for_fewer_seats_is_refused() {
    let world = World::new().await;
    let (session, seats) = world.session_with_room(3).await;
    let (user, other) = (Uuid::new_v4(), Uuid::new_v4());
    let good = world.pass(user, &session);
    let sign = |pass: &Pass| world.passes.sign(pass).expect("a token");
    let over = Pass { until: world.now_plus(Duration::ZERO), ..good.clone() };
    let refused = [
        ("nonsense".to_owned(), "is not a pass"),
        (PassKey::from_secret("mine").sign(&good).expect("a token"), "not signed by us"),
        (sign(&over), "was good until"),
        (sign(&Pass { session: other, ..good.clone() }), "another session's"),
        (sign(&Pass { user: UserId::new(other), ..good.clone() }), "another user's"),
        (sign(&Pass { seats_max: 1, ..good.clone() }), "at most 1 seats, and you ask for 2"),
    ];
    let two = [seats[0].as_str(), &seats[1]];
    for (token, reason) in refused {
        let headers = json!({ "x-user-id": user, "x-queue-pass": token });
        let (status, problem) = world.hold_with(&headers, &session, &two).await;
        assert_eq!((status, &problem["type"]), (403, &json!("/problems/pass-required")));
        assert!(problem["detail"].as_str().expect("a detail").contains(reason), "{problem}");
    }
    let headers = world.headers(user, &good, None);
    assert_eq!(world.hold_with(&headers, &session, &two).await.0, 201);
}

#[tokio::test]
async fn a_place_makes_one_reservation_and_a_repeated_request_gets_the_first_answer() {
    let world = World::new().await;
    let (session, seats) = world.session_with_room(4).await;
    let user = Uuid::new_v4();
    let pass = world.pass(user, &session);
    let first = world.headers(user, &pass, Some("a key"));
    let (status, held) = world.hold_with(&first, &session, &[&seats[0]]).await;
    assert_eq!(status, 201, "{held}");
    assert_eq!(world.hold_with(&first, &session, &[&seats[0]]).await, (201, held.clone()));
    for seat in &seats[..2] {
        for key in [None, Some("another key")] {
            let headers = world.headers(user, &pass, key);
            let (status, problem) = world.hold_with(&headers, &session, &[seat]).await;
            assert_eq!((status, &problem["type"]), (409, &json!("/problems/pass-used")));
            assert_eq!(problem["reservation_id"], held["id"]);
        }
    }
    let path = format!("/api/v1/reservations/{}", held["id"].as_str().expect("an id"));
    assert_eq!(world.call("DELETE", &path, Some(user), &json!(null)).await.0, 200);
    let again = world.headers(user, &pass, None);
    assert_eq!(world.hold_with(&again, &session, &[&seats[1]]).await.0, 409, "cancelled or not");
    // From another place, or from none.
    for pass in [world.pass(user, &session), Pass { place: None, ..pass.clone() }] {
        let seat = if pass.place.is_some() { &seats[2] } else { &seats[3] };
        let headers = world.headers(user, &pass, None);
        assert_eq!(world.hold_with(&headers, &session, &[seat]).await.0, 201);
    }
    // What was answered in time is answered again.
    world.clock_by(Duration::from_secs(61));
    assert_eq!(world.hold_with(&first, &session, &[&seats[0]]).await, (201, held));
    assert_eq!(world.hold_with(&again, &session, &[&seats[1]]).await.0, 403);
}

#[tokio::test]
async fn of_requests_with_one_place_at_the_same_moment_one_gets_a_reservation() {
    let world = World::new().await;
    let (session, seats) = world.session_with_room(8).await;
    let user = Uuid::new_v4();
    // So that the place is not the user's first.
    let first = world.headers(user, &world.pass(user, &session), None);
    assert_eq!(world.hold_with(&first, &session, &[&seats[0]]).await.0, 201);
    let headers = world.headers(user, &world.pass(user, &session), None);
    let wanted: Vec<[&str; 1]> = seats[1..].iter().map(|seat| [seat.as_str()]).collect();
    let holds = wanted.iter().map(|seat| world.hold_with(&headers, &session, seat));
    let mut answers = HashMap::new();
    for (status, _) in join_all(holds).await {
        *answers.entry(status).or_insert(0) += 1;
    }
    assert_eq!(answers, HashMap::from([(201, 1), (409, 6)]));
}

#[tokio::test]
async fn the_room_hears_of_the_session_and_of_each_step_with_the_place_that_it_came_from() {
    let world = World::new().await;
    let (session, seats) = world.session_with_room(3).await;
    let mut places = Vec::new();
    let mut held = Vec::new();
    for seat in &seats {
        let user = Uuid::new_v4();
        let pass = world.pass(user, &session);
        let headers = world.headers(user, &pass, None);
        let (_, reservation) = world.hold_with(&headers, &session, &[seat]).await;
        places.push(pass.place);
        held.push((user, reservation["id"].as_str().expect("an id").to_owned()));
    }
    assert_eq!(world.confirm(held[0].0, &held[0].1).await.0, 200);
    let path = format!("/api/v1/reservations/{}", held[1].1);
    world.call("DELETE", &path, Some(held[1].0), &json!(null)).await;
    world.clock_by(HOLD);
    world.sweep(10).await;

    let told = world.told().await;
    let step = |name: &str, n: usize| (format!("reservation.{name}"), places[n]);
    let mut expected = vec![("session.created".to_owned(), None)];
    expected.extend((0..3).map(|n| step("held", n)));
    expected.extend([step("confirmed", 0), step("cancelled", 1), step("expired", 2)]);
    assert_eq!(heard(&told), expected);

    let created: SessionEvent = serde_json::from_slice(&told[0].body).expect("an event");
    assert_eq!(created.session_id.to_string(), session);
    assert_eq!((created.seats_count, &*created.sales_end), (3, "2030-01-01T19:00:00.000Z"));
    let event: ReservationEvent = serde_json::from_slice(&told[1].body).expect("an event");
    let expires_at = world.reservation(&held[0].1).await.expires_at.to_rfc3339_millis();
    assert_eq!(event.expiry_time, Some(expires_at));
    assert_eq!(event.reservation_id.to_string(), held[0].1);
    // Those who hear of it by mistake leave the seat and the payment alone.
    let before = world.seat_state(&session, &seats[0]).await;
    assert_eq!(world.consume(&told[1]).await, Outcome::Done);
    assert_eq!(world.decide(&told[1]).await, Outcome::Done);
    assert_eq!(world.seat_state(&session, &seats[0]).await, before);
}

#[tokio::test]
async fn a_hold_or_a_session_whose_answer_is_lost_is_made_and_told_of_once() {
    for operation in ["TransactWriteItems", "UpdateItem"] {
        let (world, armed) = armed_world(Fault::AnswerLost, operation).await;
        armed.times(u64::from(operation == "UpdateItem") * 2);
        let (session, seats) = world.session_with_room(1).await;
        armed.times(2);
        let user = Uuid::new_v4();
        let headers = world.headers(user, &world.pass(user, &session), None);
        let (status, held) = world.hold_with(&headers, &session, &[&seats[0]]).await;
        assert_eq!(status, 201, "{held}");
        let types: Vec<_> = heard(&world.told().await).into_iter().map(|(name, _)| name).collect();
        assert_eq!(types, ["session.created", "reservation.held"]);
    }
}

#[tokio::test]
async fn the_reconciler_leaves_the_events_of_holds_alone() {
    let world = World::new().await;
    let (session, seats) = world.session_with_room(1).await;
    let user = Uuid::new_v4();
    let headers = world.headers(user, &world.pass(user, &session), None);
    assert_eq!(world.hold_with(&headers, &session, &[&seats[0]]).await.0, 201);
    let after = Duration::from_secs(15 * 60);
    world.clock_by(HOLD + after + Duration::from_secs(1));
    // Nobody has marked it expired yet.
    let limits = Limits { after, sessions_max: 100, run_for: Duration::from_secs(40) };
    let broker = MemoryBroker::new(ALL.into(), 100);
    let report = reconcile_outbox::run(&world.store, &broker, &world.clock, limits).await;
    let report = report.expect("a run");
    assert_eq!((report.looked_at, report.published, report.failed), (1, 0, 0));
}

#[tokio::test]
async fn a_hold_behind_a_waiting_room_is_one_request_too() {
    let world = World::new().await;
    let (session, seats) = world.session_with_room(33).await;
    let hold = async |seats: &[&str]| {
        let user = Uuid::new_v4();
        let headers = world.headers(user, &world.pass(user, &session), None);
        assert_eq!(world.hold_with(&headers, &session, seats).await.0, 201);
    };
    hold(&[&seats[0]]).await;
    world.meter.take();
    let mut lines = Vec::new();
    hold(&[&seats[1]]).await;
    lines.push(Line::new("hold a seat, with a pass", &world.meter, 0.0, 5.0));
    hold(&[&seats[3], &seats[4]]).await;
    lines.push(Line::new("hold 2 seats, with a pass", &world.meter, 0.0, 5.0));
    assert!(lines.iter().all(|line| line.requests.len() == 1));
    settle(&lines);
}
