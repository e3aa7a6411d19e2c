//! Events that the stream lost: the reconciler finds them by what did not happen.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use marquee_booking_domain::{
    ids::ReservationId, reservation_ref::ReservationRef, seat::SeatState,
};
use marquee_host::database::table_name;
use marquee_kernel::time::Timestamp;
use marquee_lambda::republish::Report;
use marquee_messaging::backends::memory::MemoryBroker;
use marquee_testkit::clock::TickingClock;
use reconcile_outbox::Limits;
use uuid::Uuid;

use crate::{
    booking::world::{HOLD, QUEUE, World},
    system::drain,
};

const LIMITS: Limits = Limits {
    after: Duration::from_secs(15 * 60),
    sessions_max: 100,
    run_for: Duration::from_secs(40),
};

/// One run, and what it published.
async fn reconcile(world: &World) -> (Report, Vec<marquee_messaging::message::Message>) {
    let broker = MemoryBroker::new(marquee_contexts::topology(), 1_000);
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
    assert_eq!((report.looked_at, report.published, messages.len()), (1, 0, 0));
}

#[tokio::test]
async fn runs_that_are_cut_short_go_on_where_the_last_one_stopped_and_leave_no_session_out() {
    let world = World::new().await;
    let mut lost = Vec::new();
    for _ in 0..210 {
        let (session, seats) = world.session(1, 1).await;
        world.held(Uuid::new_v4(), &session, &[&seats[0]]).await;
        lost.push(session);
    }
    world.clock_past_hold();
    world.sweep(1_000).await;
    world.clock_by(LIMITS.after + Duration::from_secs(1));
    let limits = Limits { sessions_max: 1, ..LIMITS };
    let broker = MemoryBroker::new(marquee_contexts::topology(), 1_000);
    let mut runs = Vec::new();
    for _ in 0..3 {
        let run = reconcile_outbox::run(&world.store, &broker, &world.clock, limits).await;
        runs.push(run.expect("a run"));
    }
    let sessions: Vec<_> = runs.iter().map(|run| run.looked_at).collect();
    assert_eq!(sessions, [100, 100, 10], "a page each, and the rest");
    let published: usize = runs.iter().map(|run| run.published).sum();
    assert_eq!(published, 210);
    let limits = Limits { sessions_max: 1_000, ..LIMITS };
    let run = reconcile_outbox::run(&world.store, &broker, &world.clock, limits).await;
    let all = run.expect("a run");
    assert_eq!((all.looked_at, all.more), (210, false), "each once, wherever it begins");
}

#[tokio::test]
async fn a_session_that_ended_days_ago_is_still_looked_through() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 1).await;
    let user = Uuid::new_v4();
    let id = world.held(user, &session, &[&seats[0]]).await;
    world.confirm(user, &id).await;
    let end = Timestamp::parse("2030-01-01T22:00:00Z").expect("a date");
    world.clock.set(end + Duration::from_secs(6 * 24 * 60 * 60));
    assert_eq!(reconcile(&world).await.0.published, 1);
    world.clock.set(end + Duration::from_secs(8 * 24 * 60 * 60));
    assert_eq!(reconcile(&world).await.0.looked_at, 0);
}

/// A session of which 330 reservations have expired, whose events were lost.
async fn with_lost_expiries() -> World {
    let world = World::new().await;
    let (session, seats) = world.session(10, 33).await;
    for seat in &seats {
        world.held(Uuid::new_v4(), &session, &[seat]).await;
    }
    world.clock_past_hold();
    world.sweep(1_000).await;
    world.clock_by(LIMITS.after + Duration::from_secs(1));
    world
}

#[tokio::test]
async fn a_session_with_thousands_of_lost_events_is_read_and_published_in_hundreds() {
    let world = with_lost_expiries().await;
    world.meter.take();
    let (report, messages) = reconcile(&world).await;
    assert_eq!((report.published, messages.len()), (330, 330));
    let requests = world.meter.take();
    // The cursor, the sessions, the seats, the events of each hundred, the cursor.
    assert_eq!(requests.len(), 1 + 1 + 1 + 4 + 1, "{requests:?}");
}

/// Takes an attribute, or a part of one, out of an item.
async fn spoil(world: &World, partition: &str, sort: &str, path: &[&str]) {
    let text = |key: &str| AttributeValue::S(key.to_owned());
    let names = path.iter().map(|name| (format!("#{name}"), (*name).to_owned()));
    let path: Vec<_> = path.iter().map(|name| format!("#{name}")).collect();
    let client = world.database.table("booking").client;
    let update = client.update_item().table_name(table_name("booking"));
    let update = update.key("pk", text(partition)).key("sk", text(sort));
    let update = update.set_expression_attribute_names(Some(names.collect()));
    let update = update.update_expression(format!("REMOVE {}", path.join(".")));
    update.send().await.expect("spoilt");
}

#[tokio::test]
async fn what_cannot_be_read_keeps_nothing_else_from_being_published_and_fails_the_run() {
    let world = World::new().await;
    let (unreadable, _) = world.session(1, 1).await;
    spoil(&world, "sessions", &unreadable, &["end"]).await;
    let (session, seats) = world.session(1, 3).await;
    let mut sold = Vec::new();
    for seat in &seats {
        let user = Uuid::new_v4();
        let id = world.held(user, &session, &[seat]).await;
        world.confirm(user, &id).await;
        sold.push(id.parse::<ReservationId>().expect("an id"));
    }
    let ReservationRef { user_hash, session_hash, sequence } = sold[1].locate().expect("ours");
    let (user, sort) =
        (format!("U#{user_hash:010x}"), format!("R#{session_hash:06x}#{sequence:03x}"));
    spoil(&world, &user, &sort, &["outbox", "id"]).await;
    world.clock_by(HOLD + LIMITS.after + Duration::from_secs(1));
    let (report, messages) = reconcile(&world).await;
    assert_eq!((report.looked_at, report.published, messages.len()), (1, 2, 2));
    assert_eq!(report.failed, 2, "the session and the event");
}

#[tokio::test]
async fn a_run_is_bounded_over_sessions_that_ended_long_ago_as_well() {
    let world = World::new().await;
    for _ in 0..110 {
        world.session(1, 1).await;
    }
    world.clock.set(Timestamp::parse("2031-01-01T00:00:00Z").expect("a date"));
    let limits = Limits { sessions_max: 50, ..LIMITS };
    let broker = MemoryBroker::new(marquee_contexts::topology(), 1);
    for more in [true, false] {
        let run = reconcile_outbox::run(&world.store, &broker, &world.clock, limits).await;
        assert_eq!(run.expect("a run"), Report { more, ..Report::default() });
    }
}

#[tokio::test]
async fn a_run_whose_time_is_up_begins_nothing_more_and_the_next_one_goes_on() {
    let world = with_lost_expiries().await;
    let second = Duration::from_secs(1);
    let limits = Limits { run_for: second * 5, ..LIMITS };
    // It is asked before the page, the session and each hundred of events.
    let clock = TickingClock { clock: world.clock.clone(), by: second };
    let mut runs = Vec::new();
    for _ in 0..3 {
        let broker = MemoryBroker::new(marquee_contexts::topology(), 1_000);
        let run = reconcile_outbox::run(&world.store, &broker, &clock, limits).await;
        let report = run.expect("a run");
        runs.push((report.published, report.failed, report.more));
        for message in drain(&broker, QUEUE).await {
            world.consume(&message).await;
        }
    }
    assert_eq!(runs, [(200, 0, true), (130, 0, false), (0, 0, false)]);
}
