//! Many processors at once, and payments that come to nothing.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use futures_util::future::join_all;
use marquee_host::database::table_name;
use marquee_kernel::time::Clock;
use marquee_shop_domain::{
    cart::CartStatus,
    ids::InvoiceId,
    invoice::{Claim, InvoiceStatus},
};
use marquee_testkit::{faulty::Fault, ledger::Trouble};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    shop::storefront::{LEASE, LIMITS, Storefront, user},
    system::{batch, faulty_table},
};

const INVOICES: u128 = 500;
const PROCESSORS: usize = 10;

/// Ten at once on five hundred invoices, of which one dies in the middle of its work.
#[tokio::test]
async fn ten_processors_charge_each_invoice_once_and_leave_none_behind() {
    let authorised = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&authorised);
    let count = move |call: &str| {
        counting.fetch_add(usize::from(call == "authorise"), Ordering::SeqCst);
        Trouble::None
    };
    let shop = Storefront::with_faults(|_, _| Fault::None, count).await;
    let game = shop.game("5").await;
    for n in 1..=INVOICES {
        shop.fill(user(n), &[game]).await;
        assert_eq!(shop.pay(user(n)).await.0, 204);
    }
    let requested = shop.events("invoice_requested").await;
    for batch in batch(&requested).chunks(50) {
        shop.consume("invoice_requested", batch).await;
    }

    // One of them is never heard of again. The others come when it has begun, so that it has something to
    // leave behind: its first page alone is more than 60 requests.
    let begun = Arc::new(Notify::new());
    let begins = Arc::clone(&begun);
    let dies = move |_: &str, n: u64| {
        if n == 20 {
            begins.notify_one();
        }
        match n > 60 {
            true => Fault::Killed { done: n.is_multiple_of(2) },
            false => Fault::None,
        }
    };
    let (table, _) = faulty_table(&shop.database, &table_name("shop"), dies);
    let dying = shop.another_processor(table);
    let others = (1..PROCESSORS).map(async |_| {
        let (table, _) = faulty_table(&shop.database, &table_name("shop"), |_, _| Fault::None);
        let processor = shop.another_processor(table);
        process_invoices::run(&processor, LIMITS).await.expect("a run")
    });
    let others = async {
        begun.notified().await;
        join_all(others).await
    };
    let reports = tokio::select! {
        reports = others => reports,
        _ = process_invoices::run(&dying, LIMITS) => panic!("it was to die"),
    };
    let paid: usize = reports.iter().map(|report| report.paid).sum();
    assert!((400..INVOICES as usize).contains(&paid), "{paid} are paid, the dead one's are not");

    // What it had claimed is taken over when its lease is over, and not before.
    let early = process_invoices::run(&shop.processor, LIMITS).await.expect("a run");
    assert_eq!((early.paid, early.failed), (0, 0));
    shop.clock.advance(LEASE);
    let late = process_invoices::run(&shop.processor, LIMITS).await.expect("a run");
    assert_eq!(late.others, 0);
    for n in 1..=INVOICES {
        let id = InvoiceId { user: user(n), number: 1 };
        let invoice = shop.truth().invoice(id).await.expect("storage").expect("an invoice");
        assert_eq!(invoice.status, InvoiceStatus::Ok, "{id}");
    }
    let entries = shop.ledger.entries();
    assert_eq!(entries.len() as u128, INVOICES);
    assert!(entries.values().all(|entry| entry.captured == 500 && entry.refunded == 0));
    // Only what the dead one had claimed was asked for twice.
    let asked = authorised.load(Ordering::SeqCst);
    assert!(asked <= INVOICES as usize + 10, "{asked} were asked for");
}

/// An invoice that waits, of one game.
async fn waiting(shop: &Storefront) -> InvoiceId {
    let game = shop.game("5").await;
    shop.fill(user(1), &[game]).await;
    assert_eq!(shop.pay(user(1)).await.0, 204);
    let requested = shop.events("invoice_requested").await;
    shop.deliver("invoice_requested", &requested[0]).await.expect("it is handled");
    InvoiceId { user: user(1), number: 1 }
}

#[tokio::test]
async fn a_declined_invoice_is_rejected_nothing_is_held_and_the_cart_can_be_paid_again() {
    let declines = Arc::new(AtomicBool::new(true));
    let now = Arc::clone(&declines);
    let decline = move |call: &str| match call == "authorise" && now.load(Ordering::SeqCst) {
        true => Trouble::Declined,
        false => Trouble::None,
    };
    let shop = Storefront::with_faults(|_, _| Fault::None, decline).await;
    waiting(&shop).await;
    let report = shop.process().await.expect("a run");
    assert_eq!((report.rejected, report.postponed), (1, 0));
    let cart = shop.settle(user(1)).await;
    assert_eq!((cart.status, cart.items.len()), (CartStatus::Rejected, 1));
    assert!(cart.reason.is_some_and(|reason| reason.contains("declined")));
    declines.store(false, Ordering::SeqCst);
    assert_eq!(shop.pay(user(1)).await.0, 204);
    let cart = shop.settle(user(1)).await;
    assert_eq!((cart.status, cart.items.len(), cart.payments), (CartStatus::Open, 0, 2));
    let taken: u64 = shop.ledger.entries().values().map(|entry| entry.captured).sum();
    assert_eq!(taken, 500);
}

/// The provider reserves the money, and then does not hand it over.
#[tokio::test]
async fn what_was_reserved_is_let_go_before_the_invoice_says_rejected() {
    let refuse = |call: &str| match call {
        "capture" => Trouble::Declined,
        _ => Trouble::None,
    };
    let shop = Storefront::with_faults(|_, _| Fault::None, refuse).await;
    let id = waiting(&shop).await;
    assert_eq!(shop.process().await.expect("a run").rejected, 1);
    let invoice = shop.truth().invoice(id).await.expect("storage").expect("an invoice");
    assert_eq!(invoice.status, InvoiceStatus::Rejected);
    let entries = shop.ledger.entries();
    assert!(entries.values().all(|entry| !entry.is_held() && entry.captured == 0), "{entries:?}");
}

/// Letting go fails as well: then the invoice does not say so yet.
#[tokio::test]
async fn an_invoice_is_not_rejected_while_money_is_held_for_it() {
    let away = Arc::new(AtomicBool::new(true));
    let now = Arc::clone(&away);
    let plan = move |call: &str| match call {
        "capture" => Trouble::Declined,
        "void" if now.load(Ordering::SeqCst) => Trouble::Lost,
        _ => Trouble::None,
    };
    let shop = Storefront::with_faults(|_, _| Fault::None, plan).await;
    let id = waiting(&shop).await;
    assert_eq!(shop.process().await.expect("a run").postponed, 1);
    let status =
        async || shop.truth().invoice(id).await.expect("storage").expect("an invoice").status;
    assert_eq!(status().await, InvoiceStatus::Wait);
    away.store(false, Ordering::SeqCst);
    shop.clock.advance(Duration::from_secs(900));
    assert_eq!(shop.process().await.expect("a run").rejected, 1);
    assert_eq!(status().await, InvoiceStatus::Rejected);
    assert!(shop.ledger.entries().values().all(|entry| !entry.is_held()));
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_asked_again_and_an_old_invoice_rings() {
    let silent = Arc::new(AtomicBool::new(true));
    let now = Arc::clone(&silent);
    let plan =
        move |_: &str| if now.load(Ordering::SeqCst) { Trouble::Lost } else { Trouble::None };
    let shop = Storefront::with_faults(|_, _| Fault::None, plan).await;
    let id = waiting(&shop).await;
    let report = shop.process().await.expect("a run");
    assert_eq!((report.postponed, report.rejected, report.overdue), (1, 0, 0));
    assert_eq!(shop.process().await.expect("a run").postponed, 0, "not before its pause is over");
    shop.clock.advance(Duration::from_secs(3_600));
    let report = shop.process().await.expect("a run");
    assert_eq!((report.postponed, report.overdue), (1, 1));
    let invoice = shop.truth().invoice(id).await.expect("storage").expect("an invoice");
    assert_eq!((invoice.status, invoice.tries), (InvoiceStatus::Wait, 2));
    assert!(invoice.reason.is_some(), "it says why it waits");
    silent.store(false, Ordering::SeqCst);
    shop.clock.advance(Duration::from_secs(900));
    assert_eq!(shop.process().await.expect("a run").paid, 1);
}

/// It said so, and died before it could let go of the payment.
#[tokio::test]
async fn an_invoice_that_was_refused_is_charged_by_nobody_any_more() {
    let shop = Storefront::new().await;
    let id = waiting(&shop).await;
    let (truth, now) = (shop.truth(), shop.clock.now());
    let seen = truth.invoice(id).await.expect("storage").expect("an invoice");
    let claim = Claim { by: Uuid::new_v4(), until: now + LEASE };
    assert!(truth.claim_invoice(&seen, claim, now).await.expect("storage"));
    assert!(truth.refuse_invoice(id, claim.by, "declined").await.expect("storage"));
    shop.clock.advance(LEASE);
    assert_eq!(shop.process().await.expect("a run").rejected, 1);
    assert!(shop.ledger.entries().is_empty(), "nobody asked for the money");
    let invoice = truth.invoice(id).await.expect("storage").expect("an invoice");
    assert_eq!(invoice.reason.as_deref(), Some("declined"));
}

/// A processor that is so slow that another one has decided in the meantime.
#[tokio::test]
async fn a_processor_whose_lease_is_over_decides_nothing() {
    let shop = Storefront::new().await;
    let id = waiting(&shop).await;
    let truth = shop.truth();
    let now = shop.clock.now();
    let seen = truth.invoice(id).await.expect("storage").expect("an invoice");
    let slow = Claim { by: Uuid::new_v4(), until: now + LEASE };
    assert!(truth.claim_invoice(&seen, slow, now).await.expect("storage"));
    assert!(
        !truth
            .claim_invoice(&seen, Claim { by: Uuid::new_v4(), ..slow }, now)
            .await
            .expect("storage")
    );
    shop.clock.advance(LEASE);
    assert_eq!(shop.process().await.expect("a run").paid, 1);
    let decided = truth.decide_invoice(id, slow.by, Err("declined"), now).await.expect("storage");
    assert!(!decided, "it was taken over");
    let refused = truth.refuse_invoice(id, slow.by, "declined").await.expect("storage");
    assert!(!refused, "so it does not give back what was taken for it");
    let invoice = truth.invoice(id).await.expect("storage").expect("an invoice");
    assert_eq!(invoice.status, InvoiceStatus::Ok);
}

/// A processor hangs in the middle of asking for the money, until another one has found that it cannot be paid.
/// What it gets then goes back, though the provider does not answer at first: nobody else knows of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_late_processor_takes_for_a_refused_invoice_goes_back_whatever_it_takes() {
    let (asked, voided) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
    let (go_on, hang) = mpsc::channel();
    let (asking, hang) = (Arc::clone(&asked), Mutex::new(hang));
    let plan = move |call: &str| match call {
        "authorise" if asking.fetch_add(1, Ordering::SeqCst) == 0 => {
            tokio::task::block_in_place(|| hang.lock().expect("a lock").recv()).expect("word");
            Trouble::None
        }
        "authorise" => Trouble::Declined,
        "void" if voided.fetch_add(1, Ordering::SeqCst) < 2 => Trouble::Lost,
        _ => Trouble::None,
    };
    let shop = Arc::new(Storefront::with_faults(|_, _| Fault::None, plan).await);
    waiting(&shop).await;
    let late = Arc::clone(&shop);
    let late = tokio::spawn(async move { process_invoices::run(&late.processor, LIMITS).await });
    while asked.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    shop.clock.advance(LEASE);
    assert_eq!(shop.process().await.expect("a run").rejected, 1);
    go_on.send(()).expect("it hangs");
    let report = late.await.expect("no panic").expect("a run");
    assert_eq!((report.others, report.failed), (1, 0));
    let entries = shop.ledger.entries();
    assert!(entries.values().all(|entry| !entry.is_held() && entry.captured == 0), "{entries:?}");
    assert_eq!(entries.len(), 1, "it was reserved before it went back");
}
