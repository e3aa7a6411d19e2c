//! Events that the stream lost: the reconciler finds them by what did not happen.

use std::time::Duration;

use marquee_domain::booking::seat::SeatState;
use marquee_messaging::backends::memory::MemoryBroker;
use reconcile_outbox::{Limits, Report};
use uuid::Uuid;

use crate::world::{HOLD, QUEUE, World, drain};

const LIMITS: Limits = Limits {
    after: Duration::from_secs(15 * 60),
    sessions_max: 100,
    run_for: Duration::from_secs(40),
};

/// One run, and what it published.
async fn reconcile(world: &World) -> (Report, Vec<marquee_messaging::message::Message>) {
    let broker = MemoryBroker::new(1_000, None);
    let report = reconcile_outbox::run(&world.store, &broker, &world.clock, LIMITS).await;
    let messages = drain(&broker, QUEUE).await;
    (report.expect("a run"), messages)
}

#[tokio::test]
async fn a_lost_confirmation_is_published_again_as_it_was_and_sells_the_seats() {
    let world = World::new().await;
    let (session, seats) = world.session(2, 40).await;
    let user = Uuid::new_v4();
    let across = [seats[0].as_str(), &seats[1], &seats[70]];
    let id = world.held(user, &session, &across).await;
    world.confirm(user, &id).await;
    let lost = world.published().await.pop().expect("the event as the relay would have sent it");

    assert_eq!(reconcile(&world).await.0.published, 0, "it may still be on its way");
    world.clock_by(HOLD + LIMITS.after + Duration::from_secs(1));
    let (report, mut messages) = reconcile(&world).await;
    assert_eq!((report.published, report.failed, report.more), (1, 0, false));
    let found = messages.pop().expect("a message");
    assert_eq!(found.metadata.id, lost.metadata.id, "the same event");
    let json = |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body).expect("json");
    assert_eq!(json(&found.body), json(&lost.body));
    assert_eq!(found.metadata.traceparent, lost.metadata.traceparent);

    world.consume(&found).await;
    for seat in across {
        assert!(matches!(world.seat_state(&session, seat).await, SeatState::Sold(_)));
    }
    assert_eq!(reconcile(&world).await.0.published, 0, "nothing is left to find");
}

#[tokio::test]
async fn lost_expiries_are_found_too() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 3).await;
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    world.held(first, &session, &[&seats[0]]).await;
    world.held(second, &session, &[&seats[1]]).await;
    world.clock_past_hold();
    world.sweep(10).await;
    world.clock_by(LIMITS.after + Duration::from_secs(1));
    let (report, messages) = reconcile(&world).await;
    assert_eq!(report.published, 2);
    for message in &messages {
        world.consume(message).await;
    }
    for seat in &seats {
        assert_eq!(world.seat_state(&session, seat).await, SeatState::Free);
    }
}

#[tokio::test]
async fn holds_that_nobody_has_swept_yet_and_other_services_holds_are_left_alone() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 2).await;
    world.held(Uuid::new_v4(), &session, &[&seats[0]]).await;
    let body =
        serde_json::json!({ "session_seat_ids": [seats[1]], "reservation_id": Uuid::new_v4() });
    let path = format!("/api/internal/sessions/{session}/seats/reserve");
    assert_eq!(world.call("POST", &path, None, &body).await.0, 200);
    world.clock_by(HOLD + LIMITS.after + Duration::from_secs(1));
    let (report, messages) = reconcile(&world).await;
    assert_eq!((report.sessions, report.published, messages.len()), (1, 0, 0));
}

#[tokio::test]
async fn a_run_is_bounded_and_says_that_there_is_more() {
    let world = World::new().await;
    for _ in 0..3 {
        world.session(1, 1).await;
    }
    let limits = Limits { sessions_max: 2, ..LIMITS };
    let broker = MemoryBroker::new(10, None);
    let report = reconcile_outbox::run(&world.store, &broker, &world.clock, limits).await;
    let report = report.expect("a run");
    assert_eq!((report.sessions, report.more), (2, true));
    let all = reconcile(&world).await.0;
    assert_eq!((all.sessions, all.more), (3, false), "each once, wherever it begins");
}
