//! Everything at once, and what must be true when it is over.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use marquee_booking_domain::{
    reservation::{Reservation, ReservationStatus},
    seat::SeatState,
};
use marquee_lambda::consumer::Outcome;
use marquee_payments_domain::status::PaymentStatus;
use marquee_testkit::faulty::Fault;
use serde_json::Value;
use uuid::Uuid;

use crate::booking::world::{HOLD, World};

/// The same sequence for the same seed, and nothing more to it.
fn scramble(seed: u64) -> u64 {
    let mixed = (seed ^ seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// One request in five goes wrong.
fn fault(count: u64) -> Fault {
    match scramble(count) % 20 {
        0 => Fault::Lost,
        1 => Fault::AnswerLost,
        2 => Fault::Throttled,
        3 => Fault::Conflict,
        _ => Fault::None,
    }
}

/// Holds, and then pays in time, pays late, cancels, or forgets.
async fn visitor(world: &World, session: &str, seats: &[String], n: u64) -> Option<String> {
    let user = Uuid::new_v4();
    let start = usize::try_from(scramble(n)).unwrap_or(0) % (seats.len() - 1);
    let wanted: Vec<_> = seats[start..start + 2].iter().map(String::as_str).collect();
    let (status, reservation) = world.hold(user, session, &wanted).await;
    if status != 201 {
        assert!(matches!(status, 409 | 503), "{reservation}");
        return None;
    }
    let id = reservation["id"].as_str().expect("an id").to_owned();
    tokio::task::yield_now().await;
    match n % 4 {
        0 | 1 => {
            if n % 4 == 1 {
                world.clock_by(HOLD / 8);
            }
            let (status, answer) = world.confirm(user, &id).await;
            assert!(matches!(status, 200 | 409 | 410 | 503), "{answer}");
        }
        2 => {
            let path = format!("/api/v1/reservations/{id}");
            world.call("DELETE", &path, Some(user), &Value::Null).await;
        }
        _ => {}
    }
    Some(id)
}

#[tokio::test]
async fn after_every_kind_of_trouble_the_books_balance() {
    let trouble = Arc::new(AtomicBool::new(false));
    let armed = Arc::clone(&trouble);
    let world =
        World::with_faults(
            move |_, count| {
                if armed.load(Ordering::SeqCst) { fault(count) } else { Fault::None }
            },
        )
        .await;
    let (session, seats) = world.session(2, 12).await;
    trouble.store(true, Ordering::SeqCst);
    let accepted: Vec<_> = stream::iter(0..240)
        .map(|n| visitor(&world, &session, &seats, n))
        .buffer_unordered(12)
        .filter_map(|id| async move { id })
        .collect()
        .await;
    trouble.store(false, Ordering::SeqCst);

    world.clock_by(HOLD + Duration::from_secs(1));
    while world.sweep(50).await.more {}
    let events = world.published().await;
    // Every event twice, the second time backwards.
    for event in events.iter().chain(events.iter().rev()) {
        assert_eq!(world.consume(event).await, Outcome::Done);
        assert_eq!(world.decide(event).await, Outcome::Done);
    }
    let mut reservations = Vec::new();
    for id in &accepted {
        reservations.push(world.reservation(id).await);
    }
    assert_books_balance(&world, &session, &seats, &reservations).await;
}

async fn assert_books_balance(
    world: &World,
    session: &str,
    seats: &[String],
    reservations: &[Reservation],
) {
    let count = |status| reservations.iter().filter(|r| r.status == status).count();
    let [active, confirmed, expired, cancelled] = [
        ReservationStatus::Active,
        ReservationStatus::Confirmed,
        ReservationStatus::Expired,
        ReservationStatus::Cancelled,
    ]
    .map(count);
    assert_eq!(active, 0, "nothing is left open");
    assert_eq!(reservations.len(), confirmed + expired + cancelled);
    assert!(confirmed > 0 && expired > 0 && cancelled > 0, "all of it happened");

    let mut owners = HashMap::new();
    for reservation in reservations.iter().filter(|r| r.status == ReservationStatus::Confirmed) {
        assert_eq!(reservation.tickets().count(), 2, "a ticket for each seat");
        for seat in &reservation.seats {
            let earlier = owners.insert(seat.session_seat_id.to_string(), reservation.id.uuid());
            assert_eq!(earlier, None, "a seat sold twice");
        }
    }
    for seat in seats {
        let expected = owners.get(seat);
        match world.seat_state(session, seat).await {
            SeatState::Sold(claim) => assert_eq!(Some(&claim.owner), expected),
            SeatState::Confirmed(claim) => panic!("{} never heard of", claim.owner),
            SeatState::Free | SeatState::Held(_) => assert_eq!(expected, None),
        }
    }
    for reservation in reservations {
        let confirmed = reservation.status == ReservationStatus::Confirmed;
        let record = world.checkout.payment_of(reservation).await.expect("storage");
        let captured = record.is_some_and(|record| record.status == PaymentStatus::Captured);
        assert_eq!(captured, confirmed, "money for each that is confirmed, and for nothing else");
    }
}
