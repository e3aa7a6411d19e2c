//! `settle-payments`: settles payments about which something is still due.
//!
//! What goes well is never due. A payment comes into the index of what is due when the provider did
//! not do at once what it was asked, or before something is begun that may be cut off; it leaves the
//! index when it is settled. Each failure makes the pause before the next try longer.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use marquee_booking::checkout::{Checkout, CheckoutError, settle::Settled};
use marquee_booking_domain::{ids::ReservationId, payment::RESERVATION};
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::Timestamp;
use marquee_lambda::{
    config::{self, ConfigError},
    schedule,
};
use marquee_payments::{Record, store::PaymentStore};
use serde::Serialize;

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long something may be due before a run that finds it is an error, which rings.
    pub overdue_after: Duration,
    /// After which a run begins nothing more.
    pub run_for: Duration,
}

impl Limits {
    /// `PAYMENT_OVERDUE_SECONDS`.
    ///
    /// # Errors
    /// If the variable cannot be read.
    pub fn from_env() -> Result<Self, ConfigError> {
        let hour = Duration::from_secs(3600);
        let overdue_after = config::seconds_or("PAYMENT_OVERDUE_SECONDS", hour)?;
        Ok(Self { overdue_after, run_for: Duration::from_secs(30) })
    }
}

const PAGE_LEN: i32 = 50;
/// Of a shard in one run.
const PAGES_MAX: u32 = 40;
const AT_ONCE: usize = 10;
/// A request that reserves money ends within half a minute. A process that was frozen, and clocks that are
/// off, make it longer.
const UNDERWAY_MAX: Duration = Duration::from_secs(30 * 60);

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Payments that were looked at and can wait, or are done.
    pub settled: usize,
    /// Those that could not be looked at: the next run tries again.
    pub failed: usize,
    /// Those that have been due for too long: somebody has to look.
    pub overdue: usize,
    /// The bound was reached: there may be more.
    pub more: bool,
}

impl schedule::Report for Report {
    fn failed(&self) -> usize {
        self.failed + self.overdue
    }
}

/// # Errors
/// If what is due cannot be read.
pub async fn run(checkout: &Checkout, limits: Limits) -> Result<Report, StoreError> {
    let now = checkout.clock.now();
    let mut report = Report::default();
    'shards: for shard in PaymentStore::shards() {
        for page in 1.. {
            if checkout.clock.now() >= now + limits.run_for {
                report.more = true;
                break 'shards;
            }
            let (due, more) = checkout.payments.store.due(shard, now, PAGE_LEN).await?;
            let found = due.len();
            let old = |record: &&Record| {
                record.due.is_some_and(|due| now >= due.since + limits.overdue_after)
            };
            report.overdue += due.iter().filter(old).count();
            let failed = settle_page(checkout, due, now).await;
            report.failed += failed;
            report.settled += found - failed;
            // What was settled has left the page; what failed has not.
            if !more || failed > 0 {
                break;
            }
            if page == PAGES_MAX {
                report.more = true;
                break;
            }
        }
    }
    Ok(report)
}

/// How many could not be settled.
async fn settle_page(checkout: &Checkout, due: Vec<Record>, now: Timestamp) -> usize {
    let settled = due.into_iter().map(|record| settle(checkout, record, now));
    let settled: Vec<_> = stream::iter(settled).buffer_unordered(AT_ONCE).collect().await;
    settled.into_iter().filter(|done| !done).count()
}

/// Whether whoever was about to reserve the money has given up.
fn is_over(record: &Record, now: Timestamp) -> bool {
    record.due.is_none_or(|due| now >= due.since + UNDERWAY_MAX)
}

async fn settle(checkout: &Checkout, record: Record, now: Timestamp) -> bool {
    if record.kind != RESERVATION {
        tracing::error!(payment = %record.id, kind = record.kind, "is not booking's");
        return false;
    }
    let settled = checkout.settle(ReservationId::new(record.thing), record.id.clone()).await;
    let done = match settled {
        Ok(Settled::Captured | Settled::GivenBack | Settled::Confirmed) => Ok(()),
        // It can still be paid for, and nothing is reserved for it, yet.
        Ok(Settled::Nothing) => match is_over(&record, now) {
            true => checkout.payments.store.settle(&record).await,
            false => checkout.payments.look_again(&record, now).await,
        },
        Err(CheckoutError::Payment(error)) => checkout.payments.postpone(&record, error, now).await,
        Err(error) => {
            tracing::warn!(%error, payment = %record.id, "not settled");
            return false;
        }
    };
    if let Err(error) = &done {
        tracing::warn!(%error, payment = %record.id, "not settled");
    }
    done.is_ok()
}
