//! Messages that come twice, late, in the wrong order, or not as messages at all.

use std::{borrow::Cow, collections::HashSet, sync::Arc, time::Duration};

use futures_util::future::join_all;
use marquee_booking_domain::seat::SeatState;
use marquee_lambda::consumer::{Consumer, Outcome, consume};
use marquee_messaging::{backends::memory::MemoryBroker, message::Message, topology::RetryPolicy};
use serde_json::json;
use uuid::Uuid;

use crate::{
    booking::world::{HOLD, QUEUE, World},
    system::by_hand,
};

async fn confirmed(world: &World, user: Uuid, session: &str, seat: &str) -> Message {
    let id = world.held(user, session, &[seat]).await;
    assert_eq!(world.confirm(user, &id).await.0, 200);
    world.published().await.pop().expect("an event")
}

#[tokio::test]
async fn the_same_message_ten_times_at_once_marks_the_seat_once() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 2).await;
    let event = confirmed(&world, Uuid::new_v4(), &session, &seats[0]).await;
    let outcomes = join_all((0..10).map(|_| world.consume(&event))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Done), "{outcomes:?}");
    assert!(matches!(world.seat_state(&session, &seats[0]).await, SeatState::Sold(_)));
    assert_eq!(world.seat_state(&session, &seats[1]).await, SeatState::Free);
}

#[tokio::test]
async fn a_message_that_comes_again_after_days_does_not_touch_the_seats_next_owner() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 1).await;
    let first = Uuid::new_v4();
    world.held(first, &session, &[&seats[0]]).await;
    world.clock_past_hold();
    world.sweep(10).await;
    let expired = world.published().await.pop().expect("an event");
    world.consume(&expired).await;

    world.clock_by(Duration::from_secs(8 * 24 * 60 * 60));
    let second = world.held(Uuid::new_v4(), &session, &[&seats[0]]).await;
    let owned = world.seat_state(&session, &seats[0]).await;
    assert_eq!(world.consume(&expired).await, Outcome::Done);
    assert_eq!(world.seat_state(&session, &seats[0]).await, owned);
    assert!(matches!(owned, SeatState::Held(claim) if claim.owner.to_string() == second));
}

#[tokio::test]
async fn an_expiry_that_overtakes_the_confirmation_or_lags_behind_it_frees_nothing() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 1).await;
    let user = Uuid::new_v4();
    let id = world.held(user, &session, &[&seats[0]]).await;
    world.clock_past_hold();
    world.sweep(10).await;
    assert_eq!(world.confirm(user, &id).await.0, 200, "late, and nobody else wanted the seat");
    let events = world.published().await;
    let types: Vec<_> =
        events.iter().map(|event| event.metadata.event_type.as_deref().expect("type")).collect();
    assert_eq!(types, ["reservation.expired", "reservation.confirmed"]);
    // Every order, with repetition.
    for order in [[0, 1, 0], [1, 0, 1]] {
        for event in order {
            assert_eq!(world.consume(&events[event]).await, Outcome::Done);
        }
        assert!(matches!(world.seat_state(&session, &seats[0]).await, SeatState::Sold(_)));
    }
}

#[tokio::test]
async fn a_confirmation_heard_of_before_its_hold_does_nothing_yet_and_can_come_again() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 1).await;
    // Another service reserves and publishes by itself, and its messages overtake its calls.
    let owner = Uuid::new_v4();
    let event = by_hand(&json!({
        "event_type": "reservation.confirmed", "session_id": session, "user_id": Uuid::new_v4(),
        "reservation_id": owner, "session_seat_ids": [seats[0]],
    }));
    assert_eq!(world.consume(&event).await, Outcome::Done);
    assert_eq!(world.seat_state(&session, &seats[0]).await, SeatState::Free);
    let body = json!({ "session_seat_ids": [seats[0]], "reservation_id": owner });
    let path = format!("/api/internal/sessions/{session}/seats/reserve");
    assert_eq!(world.call("POST", &path, None, &body).await.0, 200);
    assert_eq!(world.consume(&event).await, Outcome::Done);
    assert!(matches!(world.seat_state(&session, &seats[0]).await, SeatState::Sold(_)));
}

#[tokio::test]
async fn an_event_about_somebody_elses_seat_neither_sells_nor_frees_it() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 2).await;
    let (holder, owner) = (Uuid::new_v4(), Uuid::new_v4());
    world.held(holder, &session, &[&seats[0]]).await;
    let id = world.held(owner, &session, &[&seats[1]]).await;
    world.confirm(owner, &id).await;
    let before =
        [world.seat_state(&session, &seats[0]).await, world.seat_state(&session, &seats[1]).await];
    for event_type in ["reservation.confirmed", "reservation.cancelled", "reservation.expired"] {
        let event = by_hand(&json!({
            "event_type": event_type, "session_id": session, "user_id": Uuid::new_v4(),
            "reservation_id": Uuid::new_v4(), "session_seat_ids": seats,
        }));
        assert_eq!(world.consume(&event).await, Outcome::Done);
    }
    for (seat, state) in seats.iter().zip(before) {
        assert_eq!(world.seat_state(&session, seat).await, state);
    }
}

#[tokio::test]
async fn what_is_not_an_event_of_ours_is_poison_and_does_not_hold_up_its_batch() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 2).await;
    let good = confirmed(&world, Uuid::new_v4(), &session, &seats[0]).await;
    let nobody = Uuid::new_v4();
    let unknown = json!({
        "event_type": "reservation.confirmed", "session_id": session, "user_id": nobody,
        "reservation_id": nobody, "session_seat_ids": [nobody],
    });
    let bodies = [
        "not json".to_owned(),
        unknown.to_string(),
        good.text().into_owned(),
        json!({ "event_type": "reservation.teleported" }).to_string(),
    ];
    let broker = MemoryBroker::new(marquee_contexts::topology(), 10);
    let records: Vec<_> = bodies
        .iter()
        .enumerate()
        .map(|(n, body)| {
            json!({
                "messageId": n.to_string(), "body": body, "attributes": {}, "messageAttributes": {},
            })
        })
        .collect();
    let consumer = Consumer {
        queue: QUEUE,
        retry: RetryPolicy::STANDARD,
        handler: Arc::new(world.consumer()),
        dead_letters: Arc::new(broker.clone()),
        retries: Arc::new(broker.clone()),
    };
    let answer = consume(&consumer, json!({ "Records": records })).await.expect("an answer");
    assert_eq!(answer["batchItemFailures"], json!([]), "nothing has to come again");
    let dead = broker.dead_letters(QUEUE);
    let dead_lettered: HashSet<_> = dead.iter().map(|letter| letter.message.text()).collect();
    let poison = [&bodies[0], &bodies[1], &bodies[3]].map(|body| Cow::from(body.as_str()));
    assert_eq!(dead_lettered, HashSet::from(poison), "bodies untouched");
    assert!(dead.iter().all(|letter| !letter.reason.is_empty()));
    assert!(matches!(world.seat_state(&session, &seats[0]).await, SeatState::Sold(_)));
}

#[tokio::test]
async fn a_consumer_killed_after_its_write_finds_it_done_when_the_message_comes_again() {
    let world = World::new().await;
    let (session, seats) = world.session(3, 34).await;
    let user = Uuid::new_v4();
    let across = [seats[0].as_str(), &seats[34], &seats[68]];
    let id = world.held(user, &session, &across).await;
    world.confirm(user, &id).await;
    let event = world.published().await.pop().expect("an event");
    // Killed midway: one of three blocks is marked, then nothing; then the message comes again.
    let handler = world.consume(&event);
    drop(tokio::time::timeout(Duration::from_millis(3), handler).await);
    assert_eq!(world.consume(&event).await, Outcome::Done);
    for seat in across {
        assert!(matches!(world.seat_state(&session, seat).await, SeatState::Sold(_)));
    }
}

#[tokio::test]
async fn every_change_of_a_reservation_is_published_once_with_an_id_fixed_when_it_was_written() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 3).await;
    let (paid, dropped, forgot) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    let id = world.held(paid, &session, &[&seats[0]]).await;
    world.confirm(paid, &id).await;
    let (_, tickets) =
        world.call("GET", &format!("/api/v1/tickets/user/{paid}"), None, &json!(null)).await;
    let ticket = tickets[0]["id"].as_str().expect("an id");
    world.call("POST", &format!("/api/v1/tickets/{ticket}/check-in"), None, &json!({})).await;
    let id = world.held(dropped, &session, &[&seats[1]]).await;
    let path = format!("/api/v1/reservations/{id}");
    world.call("DELETE", &path, Some(dropped), &json!(null)).await;
    world.held(forgot, &session, &[&seats[2]]).await;
    world.clock_by(HOLD);
    world.sweep(10).await;

    let once = world.published().await;
    let types: Vec<_> =
        once.iter().map(|event| event.metadata.event_type.as_deref().expect("type")).collect();
    assert_eq!(types, ["reservation.confirmed", "reservation.cancelled", "reservation.expired"]);
    // A relay that starts over publishes the same events again, and says so by their ids.
    assert_eq!(world.published().await, once);
}
