//! `expire-reservations`: marks reservations expired whose hold has run out, and says so.
//!
//! It only tidies and tells: a seat whose hold has run out is for sale whether or not this has
//! run. It may run late, twice, or on two machines at once; each reservation is marked by one
//! conditional write, and its event is part of that write.
//!
//! A run is bounded. It reads an index of active reservations, oldest first; what it marks leaves
//! the index, so the next run begins where this one stopped.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use marquee_booking::store::{
    BookingStore,
    sweep::{Overdue, shards},
};
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::{
    config::{self, ConfigError},
    schedule,
};
use serde::Serialize;

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Reservations one run marks: at ten at once and 10 ms each, a few seconds' work.
    pub per_run_max: usize,
    /// After which a run begins nothing more: less than a function may take, and the next run is
    /// due by then.
    pub run_for: Duration,
}

impl Limits {
    /// `EXPIRE_PER_RUN_MAX` and `EXPIRE_RUN_SECONDS`.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            per_run_max: config::number_or("EXPIRE_PER_RUN_MAX", 5_000)?,
            run_for: config::seconds_or("EXPIRE_RUN_SECONDS", Duration::from_secs(40))?,
        })
    }
}

/// Read at a time; also bounds what is lost when a run is cut off.
const PAGE_LEN: usize = 100;
const AT_ONCE: usize = 10;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub expired: usize,
    /// Confirmed, cancelled or swept by somebody else between being found and being marked.
    pub no_longer_due: usize,
    /// Left for the next run.
    pub failed: usize,
    /// The bound was reached: there may be more.
    pub more: bool,
}

pub async fn run(
    store: &BookingStore,
    clock: &dyn Clock,
    limits: Limits,
) -> Result<Report, StoreError> {
    let now = clock.now();
    let mut report = Report::default();
    for shard in shards_from(now) {
        let mut cursor = None;
        loop {
            let left = limits.per_run_max.saturating_sub(report.seen());
            if left == 0 || clock.now() >= now + limits.run_for {
                report.more = true;
                return Ok(report);
            }
            let page_len = i32::try_from(left.min(PAGE_LEN)).unwrap_or(i32::MAX);
            let (overdue, next) = store.overdue(shard, now, page_len, cursor).await?;
            report.add(&mark_all(store, overdue, now).await);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
    }
    Ok(report)
}

/// A different shard first every minute, so that a busy one does not starve the others.
fn shards_from(now: Timestamp) -> impl Iterator<Item = u64> {
    let count = shards().count();
    let first = usize::try_from(now.millis() / 60_000).unwrap_or(0) % count;
    shards().cycle().skip(first).take(count)
}

impl schedule::Report for Report {
    fn failed(&self) -> usize {
        self.failed
    }
}

impl Report {
    fn seen(&self) -> usize {
        self.expired + self.no_longer_due + self.failed
    }

    fn add(&mut self, outcomes: &[Result<bool, StoreError>]) {
        for outcome in outcomes {
            match outcome {
                Ok(true) => self.expired += 1,
                Ok(false) => self.no_longer_due += 1,
                Err(error) => {
                    tracing::warn!(%error, "a reservation could not be marked expired");
                    self.failed += 1;
                }
            }
        }
    }
}

async fn mark_all(
    store: &BookingStore,
    overdue: Vec<Overdue>,
    now: Timestamp,
) -> Vec<Result<bool, StoreError>> {
    let marked = overdue.into_iter().map(|overdue| async move {
        match store.overdue_reservation(&overdue).await? {
            Some(reservation) if reservation.is_overdue(now) => {
                store.expire(&reservation, now).await
            }
            _ => Ok(false),
        }
    });
    stream::iter(marked).buffer_unordered(AT_ONCE).collect().await
}
