//! Money: taken once for what is confirmed, and never for anything else, whatever goes wrong.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use marquee_booking::store::confirmations::ConfirmOutcome;
use marquee_booking_domain::{payment::Payment, reservation::ReservationStatus};
use marquee_kernel::time::Clock;
use marquee_lambda::consumer::Outcome;
use marquee_testkit::{
    faulty::Fault,
    ledger::{Ledger, Trouble},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    booking::world::{HOLD, PAUSES, World},
    system::by_hand,
};

/// A provider that is away while the switch is on.
fn shaky() -> (Ledger, Arc<AtomicBool>) {
    let away = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&away);
    let plan = move |_: &str| match switch.load(Ordering::SeqCst) {
        true => Trouble::Lost,
        false => Trouble::None,
    };
    (Ledger::new(plan), away)
}

async fn world_of(ledger: &Ledger) -> World {
    World::with_provider(Arc::new(ledger.clone()), |_, _| Fault::None).await
}

/// Cents that the provider has taken and not given back.
fn taken(ledger: &Ledger) -> u64 {
    ledger.entries().values().map(|entry| entry.captured - entry.refunded).sum()
}

/// All that the table's stream holds, handed to those who settle payments.
async fn decide_all(world: &World) {
    for event in world.published().await {
        assert_eq!(world.decide(&event).await, Outcome::Done);
    }
}

/// A reservation that its own payment has confirmed, and whose it is.
async fn confirmed(world: &World) -> (Uuid, String) {
    let (session, seats) = world.session(1, 1).await;
    let user = Uuid::new_v4();
    let id = world.held(user, &session, &[&seats[0]]).await;
    assert_eq!(world.pay(user, &id).await.0, 200);
    (user, id)
}

/// A reservation that has run out, as everybody has heard, and whose seat somebody else has now.
async fn lost(world: &World) -> (Uuid, String) {
    let (session, seats) = world.session(1, 1).await;
    let late = Uuid::new_v4();
    let lost = world.held(late, &session, &[&seats[0]]).await;
    world.clock_past_hold();
    world.sweep(10).await;
    decide_all(world).await;
    world.held(Uuid::new_v4(), &session, &[&seats[0]]).await;
    (late, lost)
}

#[tokio::test]
async fn money_is_reserved_before_the_seats_are_decided_and_taken_only_after() {
    let (ledger, _) = shaky();
    let world = world_of(&ledger).await;
    let (session, seats) = world.session(1, 2).await;
    let user = Uuid::new_v4();
    let id = world.held(user, &session, &[&seats[0], &seats[1]]).await;
    let (_, confirmed) = world.pay(user, &id).await;
    assert_eq!(confirmed["payment"]["status"], "authorised");
    assert_eq!(taken(&ledger), 0);
    decide_all(&world).await;
    assert_eq!(taken(&ledger), 2_000);
    let payment = world.payment(user, &id).await;
    assert_eq!(payment["status"], "captured");
    assert!(payment["authorised_at"].is_string() && payment["captured_at"].is_string());
    // However often the event comes.
    decide_all(&world).await;
    assert_eq!(taken(&ledger), 2_000);
}

#[tokio::test]
async fn one_payment_pays_for_one_reservation_whoever_asks() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 3).await;
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    let first = world.held(one, &session, &[&seats[0]]).await;
    assert_eq!(world.pay_with(one, &first, "P-1").await.0, 200);
    for user in [one, other] {
        let seat = if user == one { &seats[1] } else { &seats[2] };
        let second = world.held(user, &session, &[seat]).await;
        let (status, problem) = world.pay_with(user, &second, "P-1").await;
        assert_eq!((status, &problem["type"]), (409, &json!("/problems/payment-used")));
        assert_eq!(world.pay_with(user, &second, &format!("P-{user}")).await.0, 200);
    }
    decide_all(&world).await;
    assert_eq!(world.payment(one, &first).await["status"], "captured");
}

#[tokio::test]
async fn a_payment_that_pays_for_another_reservation_is_not_touched_by_one_that_is_cancelled() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 2).await;
    let user = Uuid::new_v4();
    let kept = world.held(user, &session, &[&seats[0]]).await;
    assert_eq!(world.pay_with(user, &kept, "P-1").await.0, 200);
    decide_all(&world).await;
    let dropped = world.held(user, &session, &[&seats[1]]).await;
    world
        .call("DELETE", &format!("/api/v1/reservations/{dropped}"), Some(user), &Value::Null)
        .await;
    let (status, problem) = world.pay_with(user, &dropped, "P-1").await;
    assert_eq!((status, &problem["payment"]), (409, &Value::Null));
    assert_eq!(world.payment(user, &kept).await["status"], "captured");
}

#[tokio::test]
async fn money_reserved_by_a_try_that_got_no_further_is_let_go_whatever_the_buyer_does_then() {
    for then in ["pays otherwise", "cancels", "goes away"] {
        let (ledger, _) = shaky();
        let broken = Arc::new(AtomicBool::new(false));
        let strike = Arc::clone(&broken);
        let plan = move |operation: &str, _| match operation == "TransactWriteItems" {
            true if strike.load(Ordering::SeqCst) => Fault::Conflict,
            _ => Fault::None,
        };
        let world = World::with_provider(Arc::new(ledger.clone()), plan).await;
        let (session, seats) = world.session(1, 1).await;
        let user = Uuid::new_v4();
        let id = world.held(user, &session, &[&seats[0]]).await;
        broken.store(true, Ordering::SeqCst);
        assert_eq!(world.pay(user, &id).await.0, 503);
        broken.store(false, Ordering::SeqCst);
        let held = || ledger.entries().values().filter(|entry| entry.is_held()).count();
        assert_eq!(held(), 1);
        let expected = match then {
            "pays otherwise" => {
                assert_eq!(world.pay_with(user, &id, "P-9").await.0, 200);
                1_000
            }
            "cancels" => {
                let path = format!("/api/v1/reservations/{id}");
                assert_eq!(world.call("DELETE", &path, Some(user), &Value::Null).await.0, 200);
                0
            }
            // Then it is a payment that was made: it is honoured, since the seat is free.
            _ => {
                world.clock_past_hold();
                world.sweep(10).await;
                1_000
            }
        };
        decide_all(&world).await;
        decide_all(&world).await;
        assert_eq!((held(), taken(&ledger)), (0, expected), "{then}: {ledger:?}");
    }
}

#[tokio::test]
async fn a_reservation_whose_payment_goes_back_is_never_confirmed_by_whoever_read_it_before() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 1).await;
    let user = Uuid::new_v4();
    let id = world.held(user, &session, &[&seats[0]]).await;
    let as_read = world.reservation(&id).await;
    let payment = Payment { id: "P-1".parse().expect("an id"), at: world.clock.now(), late: true };
    assert!(world.store.record_too_late(&as_read, &payment).await.expect("storage"));
    let now = world.clock.now();
    let confirmed = world.store.confirm(&as_read, &payment, now).await.expect("storage");
    assert!(matches!(confirmed, ConfirmOutcome::Changed), "{confirmed:?}");
    assert_eq!(world.reservation(&id).await.status, ReservationStatus::Active);
}

#[tokio::test]
async fn the_payment_that_confirmed_a_reservation_never_goes_back_as_too_late() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 1).await;
    let user = Uuid::new_v4();
    let id = world.held(user, &session, &[&seats[0]]).await;
    let as_read = world.reservation(&id).await;
    assert_eq!(world.pay_with(user, &id, "P-1").await.0, 200);
    let payment = Payment { id: "P-1".parse().expect("an id"), at: world.clock.now(), late: true };
    assert!(!world.store.record_too_late(&as_read, &payment).await.expect("storage"));
}

#[tokio::test]
async fn a_process_that_ends_before_it_lets_go_of_money_leaves_word_of_it() {
    let deadly = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&deadly);
    let ledger = Ledger::new(move |call| match call == "void" && switch.load(Ordering::SeqCst) {
        true => Trouble::Killed { done: false },
        false => Trouble::None,
    });
    let world = world_of(&ledger).await;
    let (late, lost) = lost(&world).await;
    deadly.store(true, Ordering::SeqCst);
    let killed =
        tokio::time::timeout(Duration::from_millis(500), world.pay_with(late, &lost, "P-1"));
    assert!(killed.await.is_err(), "it is never heard of again");
    deadly.store(false, Ordering::SeqCst);
    assert!(ledger.entries()["P-1"].is_held());
    world.clock_by(PAUSES.first);
    assert_eq!(world.settle().await.settled, 1);
    assert!(ledger.entries()["P-1"].voided);
    assert_eq!(world.payment(late, &lost).await["status"], "voided");
}

#[tokio::test]
async fn a_provider_that_is_away_is_asked_again_with_growing_pauses_and_then_somebody_is_told() {
    let (ledger, away) = shaky();
    let world = world_of(&ledger).await;
    let (user, id) = confirmed(&world).await;
    away.store(true, Ordering::SeqCst);
    decide_all(&world).await;
    assert_eq!(world.settle().await.settled, 0, "not before the first pause is over");
    let mut tries = Vec::new();
    for minute in 1..=70_u64 {
        world.clock_by(Duration::from_secs(60));
        let report = world.settle().await;
        if report.settled > 0 {
            tries.push(minute);
        }
        assert_eq!(report.overdue > 0, report.settled > 0 && minute >= 60, "minute {minute}");
    }
    assert_eq!(tries, [1, 3, 7, 15, 31, 63], "each pause twice as long as the one before");
    away.store(false, Ordering::SeqCst);
    world.clock_by(PAUSES.max);
    world.settle().await;
    assert_eq!(taken(&ledger), 1_000);
    assert_eq!(world.payment(user, &id).await["status"], "captured");
    assert_eq!(world.settle().await, settle_payments::Report::default(), "nothing is due any more");
}

#[tokio::test]
async fn what_was_taken_for_seats_that_are_lost_is_given_back_and_no_more() {
    let (ledger, away) = shaky();
    let world = world_of(&ledger).await;
    let (session, seats) = world.session(1, 1).await;
    let (late, quick) = (Uuid::new_v4(), Uuid::new_v4());
    let lost = world.held(late, &session, &[&seats[0]]).await;
    world.clock_past_hold();
    let kept = world.held(quick, &session, &[&seats[0]]).await;
    assert_eq!(world.pay(quick, &kept).await.0, 200);
    // Paid at the provider after the hold, and taken there by hand.
    let reservation = world.reservation(&lost).await;
    let own = reservation.own_payment();
    let charge = reservation.charge(own.clone(), world.checkout.payments.currency);
    ledger.pay(&charge);
    ledger.capture_by_hand(own.as_str());
    assert_eq!(world.pay(late, &lost).await.0, 410);
    away.store(true, Ordering::SeqCst);
    decide_all(&world).await;
    away.store(false, Ordering::SeqCst);
    world.clock_by(PAUSES.max);
    world.settle().await;
    decide_all(&world).await;
    let payment = world.payment(late, &lost).await;
    assert_eq!(payment["status"], "refunded", "{payment}");
    assert!(payment["refund_due_at"].is_string() && payment["refunded_at"].is_string());
    assert_eq!(ledger.entries()[own.as_str()].refunded, 1_000);
    assert_eq!(taken(&ledger), 1_000, "the other buyer's");
}

#[tokio::test]
async fn a_false_event_moves_no_money() {
    let (ledger, _) = shaky();
    let world = world_of(&ledger).await;
    let (session, seats) = world.session(1, 2).await;
    let user = Uuid::new_v4();
    let paid = world.held(user, &session, &[&seats[0]]).await;
    assert_eq!(world.pay(user, &paid).await.0, 200);
    decide_all(&world).await;
    let unpaid = world.held(Uuid::new_v4(), &session, &[&seats[1]]).await;
    let nobodys = Uuid::new_v4().to_string();
    for reservation in [&paid, &unpaid, &nobodys] {
        for event in ["reservation.confirmed", "reservation.expired", "reservation.cancelled"] {
            let message = by_hand(&json!({
                "event_type": event, "reservation_id": reservation, "user_id": user,
                "session_id": session, "session_seat_ids": [],
            }));
            assert_eq!(world.decide(&message).await, Outcome::Done);
        }
    }
    assert!(matches!(world.decide(&by_hand(&json!({}))).await, Outcome::Poison(_)));
    assert_eq!(taken(&ledger), 1_000);
    assert_eq!(ledger.entries().len(), 1);
}

#[tokio::test]
async fn whoever_is_cut_off_between_deciding_and_letting_go_is_found() {
    let (ledger, away) = shaky();
    let world = world_of(&ledger).await;
    let (late, lost) = lost(&world).await;
    // It gets as far as the record that the payment goes back; every call to the provider is lost then.
    let reservation = world.reservation(&lost).await;
    let charge =
        reservation.charge("P-1".parse().expect("an id"), world.checkout.payments.currency);
    ledger.pay(&charge);
    away.store(true, Ordering::SeqCst);
    assert_eq!(world.pay_with(late, &lost, "P-1").await.0, 504);
    away.store(false, Ordering::SeqCst);
    assert_eq!(world.pay_with(late, &lost, "P-1").await.0, 410);
    world.clock_by(PAUSES.max + HOLD);
    world.settle().await;
    assert!(ledger.entries()["P-1"].voided);
    assert_eq!(world.settle().await, settle_payments::Report::default());
}

#[tokio::test]
async fn nobody_takes_the_own_payment_of_somebody_elses_reservation() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 2).await;
    let (victim, thief) = (Uuid::new_v4(), Uuid::new_v4());
    let theirs = world.held(victim, &session, &[&seats[0]]).await;
    let mine = world.held(thief, &session, &[&seats[1]]).await;
    let own = world.reservation(&theirs).await.own_payment().to_string();
    let (status, problem) = world.pay_with(thief, &mine, &own).await;
    assert_eq!((status, &problem["type"]), (409, &json!("/problems/payment-used")));
    assert_eq!(world.pay(victim, &theirs).await.0, 200);
    decide_all(&world).await;
    assert_eq!(world.payment(victim, &theirs).await["status"], "captured");
}

#[tokio::test]
async fn a_capture_that_is_refused_for_good_is_on_record_and_rings() {
    let (ledger, _) = shaky();
    let world = world_of(&ledger).await;
    let (user, id) = confirmed(&world).await;
    // Withdrawn at the provider, by hand.
    let own = world.reservation(&id).await.own_payment();
    ledger.void_by_hand(own.as_str());
    decide_all(&world).await;
    let payment = world.payment(user, &id).await;
    assert_eq!(payment["status"], "failed", "{payment}");
    world.clock_by(Duration::from_secs(3600));
    assert_eq!(world.settle().await.overdue, 1);
}

/// The currency is a setting, and payments outlive it.
#[tokio::test]
async fn a_payment_is_captured_in_the_currency_that_it_was_bound_in() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 1).await;
    let user = Uuid::new_v4();
    let id = world.held(user, &session, &[&seats[0]]).await;
    assert_eq!(world.pay_with(user, &id, "P-1").await.0, 200);
    let mut later = world.checkout.clone();
    later.payments.currency = "usd".parse().expect("a currency");
    later.settle_all(id.parse().expect("an id")).await.expect("settled");
    let record = later.payments.store.find(&"P-1".parse().expect("an id")).await.expect("storage");
    let record = record.expect("a record");
    assert_eq!((record.status.into_str(), record.currency.as_str()), ("captured", "eur"));
}

/// Of two who settle at once, the slower one may say that it is due when it is done.
#[tokio::test]
async fn a_payment_that_is_done_does_not_stay_due() {
    let (ledger, _) = shaky();
    let world = world_of(&ledger).await;
    let (user, id) = confirmed(&world).await;
    decide_all(&world).await;
    let reservation = world.reservation(&id).await;
    let charge = reservation.charge(reservation.own_payment(), world.checkout.payments.currency);
    world.checkout.payments.expect(&charge, world.clock.now()).await.expect("storage");
    world.clock_by(PAUSES.first);
    assert_eq!(world.settle().await.settled, 1);
    world.clock_by(PAUSES.max);
    assert_eq!(world.settle().await, settle_payments::Report::default());
    assert_eq!(world.payment(user, &id).await["status"], "captured");
}
