//! Payments that only the buyer has named: nothing but their record leads to them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use marquee_booking::checkout::confirm::Means;
use marquee_testkit::{
    faulty::Fault,
    ledger::{Ledger, Trouble},
};
use uuid::Uuid;

use crate::booking::world::{PAUSES, World};

/// A world whose processes are killed while they reserve money, as long as the switch is on.
async fn deadly() -> (World, Ledger, Arc<AtomicBool>) {
    let deadly = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&deadly);
    let ledger = Ledger::new(move |call| match call {
        "authorise" if switch.load(Ordering::SeqCst) => Trouble::Killed { done: true },
        _ => Trouble::None,
    });
    let world = World::with_provider(Arc::new(ledger.clone()), |_, _| Fault::None).await;
    (world, ledger, deadly)
}

/// The buyer names a payment, and the process dies when the money is reserved. Nobody asks again.
async fn cut_off(world: &World) -> (Uuid, String) {
    let (session, seats) = world.session(1, 1).await;
    let user = Uuid::new_v4();
    let id = world.held(user, &session, &[&seats[0]]).await;
    let asked = world.pay_with(user, &id, "P-1");
    let asked = tokio::time::timeout(Duration::from_millis(500), asked).await;
    assert!(asked.is_err(), "it is never heard of again");
    (user, id)
}

#[tokio::test]
async fn one_that_stands_confirms_its_reservation_though_nobody_asks_again() {
    let (world, ledger, deadly) = deadly().await;
    let (user, id) = cut_off(&world).await;
    deadly.store(false, Ordering::SeqCst);
    assert!(ledger.entries()["P-1"].is_held());
    assert_eq!(world.settle().await.settled, 0, "not before the request is over");
    world.clock_by(PAUSES.first);
    assert_eq!(world.settle().await.settled, 1);
    assert_eq!(world.payment(user, &id).await["status"], "authorised");
    for event in world.published().await {
        world.decide(&event).await;
    }
    assert_eq!(world.payment(user, &id).await["status"], "captured");
    assert!(!ledger.entries()["P-1"].is_held());
}

#[tokio::test]
async fn one_that_does_not_stand_yet_is_looked_at_for_half_an_hour() {
    let (world, ledger, deadly) = deadly().await;
    cut_off(&world).await;
    ledger.forget("P-1");
    deadly.store(false, Ordering::SeqCst);
    let mut looks = Vec::new();
    for minute in 1..=60_u64 {
        world.clock_by(Duration::from_secs(60));
        let report = world.settle().await;
        assert_eq!((report.failed, report.overdue), (0, 0), "minute {minute}");
        if report.settled > 0 {
            looks.push(minute);
        }
    }
    assert_eq!(looks, [1, 2, 4, 8, 16, 32], "the last look takes it out of what is due");
}

/// A process that was frozen when it had read the reservation comes back when everything is decided, and when
/// the event of that has been dealt with: nobody else will look at what it reserves.
#[tokio::test]
async fn whoever_reserves_money_when_another_payment_has_confirmed_lets_go_of_it() {
    let ledger = Ledger::new(|_| Trouble::None);
    let world = World::with_provider(Arc::new(ledger.clone()), |_, _| Fault::None).await;
    let (session, seats) = world.session(1, 1).await;
    let user = Uuid::new_v4();
    let id = world.held(user, &session, &[&seats[0]]).await;
    let as_read = world.reservation(&id).await;
    assert_eq!(world.pay_with(user, &id, "P-1").await.0, 200);
    for event in world.published().await {
        world.decide(&event).await;
    }
    let own = as_read.own_payment();
    let confirmed = world.checkout.confirm(as_read, &Means::default()).await.expect("confirmed");
    assert_eq!(confirmed.payment.expect("a payment").id.as_str(), "P-1");
    assert!(ledger.entries()[own.as_str()].voided);
    assert_eq!(ledger.entries()["P-1"].captured, 1_000);
}
