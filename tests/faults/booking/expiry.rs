//! Holds that run out, and who hears of it when.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use marquee_booking_domain::{reservation::ReservationStatus, seat::SeatState};
use marquee_kernel::time::Timestamp;
use marquee_testkit::{clock::ManualClock, faulty::Fault};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    booking::world::{HOLD, World, wanted},
    system::invoke,
};

#[tokio::test]
async fn a_seat_is_free_at_the_very_instant_its_hold_runs_out_though_nothing_has_swept() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 1).await;
    world.held(Uuid::new_v4(), &session, &[&seats[0]]).await;
    world.clock_by(HOLD - Duration::from_millis(1));
    assert_eq!(world.hold(Uuid::new_v4(), &session, &[&seats[0]]).await.0, 409);
    assert_eq!(world.seats(&session).await[0]["status"], "reserved");
    world.clock_by(Duration::from_millis(1));
    assert_eq!(world.seats(&session).await[0]["status"], "available");
    assert_eq!(world.hold(Uuid::new_v4(), &session, &[&seats[0]]).await.0, 201);
}

#[tokio::test]
async fn a_confirmation_and_a_rival_at_that_instant_leave_one_owner() {
    for _ in 0..25 {
        let world = World::new().await;
        let (session, seats) = world.session(1, 1).await;
        let (owner, rival) = (Uuid::new_v4(), Uuid::new_v4());
        let id = world.held(owner, &session, &[&seats[0]]).await;
        world.clock_by(HOLD);
        let ((confirmed, _), (held, _), swept) = tokio::join!(
            world.confirm(owner, &id),
            async { world.hold(rival, &session, &[&seats[0]]).await },
            world.sweep(10),
        );
        assert!(swept.failed == 0);
        assert!(matches!((confirmed, held), (200, 409) | (410, 201)), "{confirmed} and {held}");
        let state = world.seat_state(&session, &seats[0]).await;
        let paid = matches!(state, SeatState::Confirmed(claim) if claim.owner.to_string() == id);
        assert_eq!(paid, confirmed == 200);
    }
}

#[tokio::test]
async fn a_run_is_bounded_and_the_next_goes_on_where_it_stopped() {
    let world = World::new().await;
    let (session, seats) = world.session(2, 30).await;
    for seat in &seats {
        world.held(Uuid::new_v4(), &session, &[seat]).await;
    }
    assert_eq!(world.sweep(100).await.expired, 0, "none has run out");
    world.clock_by(HOLD);
    let mut runs = Vec::new();
    loop {
        let report = world.sweep(25).await;
        runs.push(report.expired);
        if !report.more {
            break;
        }
    }
    assert_eq!(runs.iter().sum::<usize>(), 60);
    assert!(runs.iter().all(|expired| *expired <= 25), "{runs:?}");
    assert_eq!(world.published().await.len(), 60);
}

#[tokio::test]
async fn late_twice_and_side_by_side_it_still_tells_of_each_once() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 30).await;
    for seat in &seats {
        world.held(Uuid::new_v4(), &session, &[seat]).await;
    }
    world.clock_by(HOLD + Duration::from_secs(59));
    let (one, other) = tokio::join!(world.sweep(100), world.sweep(100));
    assert_eq!(one.expired + other.expired, 30);
    assert_eq!(world.sweep(100).await.expired, 0);
    assert_eq!(world.published().await.len(), 30);
}

#[tokio::test]
async fn a_clock_five_minutes_off_shortens_or_stretches_holds_but_shares_no_seat() {
    for skew in [-300_i64, 300] {
        let world = World::new().await;
        let (session, seats) = world.session(1, 1).await;
        let off = ManualClock::at(world.now_plus(Duration::ZERO));
        off.shift_seconds(skew);
        let (_, elsewhere) = world.elsewhere(off.clone());
        let (owner, rival) = (Uuid::new_v4(), Uuid::new_v4());
        let id = world.held(owner, &session, &[&seats[0]]).await;
        // Six minutes in: over for a clock five minutes ahead, not for one behind.
        world.clock_by(Duration::from_secs(360));
        off.advance(Duration::from_secs(360));
        let body = wanted(&session, &[&seats[0]]);
        let (held, _) =
            invoke(&elsewhere, "POST", "/api/v1/reservations", Some(rival), &body).await;
        assert_eq!(held, if skew > 0 { 201 } else { 409 });
        let (confirmed, answer) = world.confirm(owner, &id).await;
        // Whoever lost the seat gets the money back.
        assert_eq!(confirmed, if skew > 0 { 410 } else { 200 }, "{answer}");
        if skew > 0 {
            assert_eq!(answer["payment"]["status"], "voided");
            let reservation = world.reservation(&id).await;
            assert_ne!(reservation.status, ReservationStatus::Confirmed);
            assert!(reservation.payment.is_some(), "on record");
            assert_eq!(world.confirm(owner, &id).await.0, 410, "and it stays lost");
            world.clock_by(HOLD);
            assert!(world.sweep(10).await.expired >= 1);
            assert_eq!(world.reservation(&id).await.status, ReservationStatus::Expired);
        }
    }
}

#[tokio::test]
async fn a_sweeper_whose_clock_is_ahead_does_not_free_a_seat_that_is_still_held() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 1).await;
    let (owner, rival) = (Uuid::new_v4(), Uuid::new_v4());
    let id = world.held(owner, &session, &[&seats[0]]).await;
    let ahead = ManualClock::at(world.now_plus(HOLD));
    let limits = expire_reservations::Limits { per_run_max: 10, run_for: HOLD };
    let swept = expire_reservations::run(&world.store, &ahead, limits).await.expect("a sweep");
    assert_eq!(swept.expired, 1);
    for event in world.published().await {
        world.consume(&event).await;
    }
    assert!(matches!(world.seat_state(&session, &seats[0]).await, SeatState::Held(_)));
    assert_eq!(world.hold(rival, &session, &[&seats[0]]).await.0, 409);
    assert_eq!(world.confirm(owner, &id).await.0, 200, "and its owner can still pay");
}

/// A payment that comes after its hold and after sales, with all transactions throttled until then or
/// not: its answer.
async fn paid_after_sales(throttled: bool) -> Value {
    let on = Arc::new(AtomicBool::new(false));
    let strike = Arc::clone(&on);
    let world = World::with_faults(move |operation, _| {
        match operation == "TransactWriteItems" && strike.load(Ordering::SeqCst) {
            true => Fault::Throttled,
            false => Fault::None,
        }
    })
    .await;
    let (session, seats) = world.session(1, 1).await;
    let closes = Timestamp::parse("2030-01-01T19:00:00Z").expect("a date");
    world.clock.set(closes - HOLD / 2);
    let user = Uuid::new_v4();
    let id = world.held(user, &session, &[&seats[0]]).await;
    if throttled {
        on.store(true, Ordering::SeqCst);
        assert_eq!(world.confirm(user, &id).await.0, 503, "the money is taken, and no more done");
        on.store(false, Ordering::SeqCst);
    }
    world.clock.set(closes + HOLD);
    let (status, answer) = world.confirm(user, &id).await;
    assert_eq!((status, &answer["type"]), (410, &json!("/problems/hold-expired")), "{answer}");
    assert!(matches!(world.seat_state(&session, &seats[0]).await, SeatState::Held(_)));
    answer
}

#[tokio::test]
async fn a_payment_that_comes_after_its_hold_and_after_sales_is_not_taken() {
    let answer = paid_after_sales(false).await;
    assert!(answer.get("refund").is_none(), "{answer}");
}

#[tokio::test]
async fn one_that_was_taken_before_goes_back_after_sales() {
    let answer = paid_after_sales(true).await;
    assert_eq!(answer["payment"]["status"], "voided", "{answer}");
}
