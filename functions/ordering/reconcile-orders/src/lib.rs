//! `reconcile-orders`: publishes again the events that orders still wait for.
//!
//! A stream keeps its records for a day, and a record that its function failed too often leaves it
//! sooner. What was lost shows: an order is still placed (see
//! [`marquee_ordering::store::reconcile`]). Publishing an event twice is safe, so nothing needs to
//! be known about why it is missing.
//!
//! No marker is kept of orders that wait, which each order would have to pay for. Each order is looked
//! at when it is as old as each of [`AGES`], the last time well after a stream has forgotten it. How far
//! the looks of each age have come is on record: a run that is late, or has more to look at than it
//! may, leaves the rest to the next one and skips none.

use std::time::Duration;

use futures_util::future::join_all;
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::{
    config::{self, ConfigError},
    republish::{Report, republish},
};
use marquee_messaging::publisher::Publisher;
use marquee_ordering::{
    store::{OrderingStore, reconcile},
    topology::PART,
};

const SOURCE: &str = "reconcile-orders";
/// As many as DynamoDB reads in one request.
const LOOK_LEN: usize = 100;
const MINUTES: u64 = 60;
const HOURS: u64 = 60 * MINUTES;
/// How old an order is when it is looked at: soon, when a broker that was away for a while is back,
/// and after a stream that was stuck has forgotten what it had.
pub const AGES: [Duration; 4] = [
    Duration::from_secs(15 * MINUTES),
    Duration::from_secs(2 * HOURS),
    Duration::from_secs(25 * HOURS),
    Duration::from_secs(49 * HOURS),
];

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Orders that one run looks at, for each age and shard.
    pub orders_max: usize,
    /// After which a run begins nothing more.
    pub run_for: Duration,
}

impl Limits {
    /// `RECONCILE_ORDERS_MAX` and `RECONCILE_RUN_SECONDS`.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            orders_max: config::number_or("RECONCILE_ORDERS_MAX", 100_000)?,
            run_for: config::seconds_or("RECONCILE_RUN_SECONDS", Duration::from_secs(90))?,
        })
    }
}

/// One run: the shards side by side, and in each the ages one after the other, the oldest first. Each
/// age has a share of the run's time, and what the ones before it left of theirs.
pub async fn run(
    store: &OrderingStore,
    publisher: &dyn Publisher,
    clock: &dyn Clock,
    limits: Limits,
) -> Result<Report, StoreError> {
    let now = clock.now();
    let run = Run { store, publisher, clock, limits, now };
    let shards = reconcile::shards();
    let reports = join_all(shards.iter().map(|shard| run.shard(shard))).await;
    Ok(reports.into_iter().sum())
}

struct Run<'a> {
    store: &'a OrderingStore,
    publisher: &'a dyn Publisher,
    clock: &'a dyn Clock,
    limits: Limits,
    now: Timestamp,
}

impl Run<'_> {
    async fn shard(&self, shard: &str) -> Report {
        let mut report = Report::default();
        let ages = u32::try_from(AGES.len()).unwrap_or(u32::MAX);
        for (age, nth) in AGES.into_iter().rev().zip(1..) {
            let mut of_age = Report::default();
            let until = self.now + self.limits.run_for * nth / ages;
            if let Err(error) = self.age(shard, age, until, &mut of_age).await {
                tracing::warn!(%error, shard, ?age, "will be looked at again");
                of_age.failed += 1;
            }
            report = report + of_age;
        }
        report
    }

    async fn age(
        &self,
        shard: &str,
        age: Duration,
        until: Timestamp,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let before = self.now - age;
        let mut after = self.store.reconciled_to(shard, age).await?;
        loop {
            if report.looked_at >= self.limits.orders_max || self.clock.now() >= until {
                report.more = true;
                return Ok(());
            }
            let look =
                self.store.look_for_waiting(shard, after.as_deref(), before, LOOK_LEN).await?;
            let Some(last) = look.last else { return Ok(()) };
            let published = republish(self.publisher, SOURCE, &PART.into(), &look.awaited).await;
            report.looked_at += look.orders;
            report.published += published.published;
            report.failed += published.failed + published.refused + look.unreadable;
            if published.failed > 0 {
                // The next run begins with these.
                return Ok(());
            }
            self.store.set_reconciled_to(shard, age, &last).await?;
            if look.orders < LOOK_LEN {
                return Ok(());
            }
            after = Some(last);
        }
    }
}
