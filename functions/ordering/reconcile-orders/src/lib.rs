//! `reconcile-orders`: publishes again the events that orders still wait for.
//!
//! A stream keeps its records for a day, and a record that its function failed too often leaves it
//! sooner. What was lost shows: an order is still placed (see `marquee_store`'s
//! [`marquee_store::ordering::reconcile`]). Publishing an event twice is safe, so nothing needs to
//! be known about why it is missing.
//!
//! No marker is kept of orders that wait, which each order would have to pay for. A run looks at
//! the orders that are about as old as one of [`AGES`], so each is looked at a few times in its
//! life, and the last time well after a stream has forgotten it.

use std::time::Duration;

use marquee_domain::{ordering::names::OrderId, time::Clock};
use marquee_lambda::{
    config::{self, ConfigError},
    republish::{Republished, republish},
};
use marquee_messaging::publisher::{Outgoing, Publisher};
use marquee_store::{
    error::StoreError,
    ordering::{OrderingStore, reconcile},
};
use serde::Serialize;

const SOURCE: &str = "reconcile-orders";
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
    /// How much of the past a run covers at each age: more than the time between two runs, so
    /// that one may come late.
    pub window: Duration,
    /// Orders that one run looks at.
    pub orders_max: usize,
    /// After which a run begins nothing more.
    pub run_for: Duration,
}

impl Limits {
    /// `RECONCILE_WINDOW_SECONDS`, `RECONCILE_ORDERS_MAX` and `RECONCILE_RUN_SECONDS`.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            window: config::seconds_or(
                "RECONCILE_WINDOW_SECONDS",
                Duration::from_secs(20 * MINUTES),
            )?,
            orders_max: config::number_or("RECONCILE_ORDERS_MAX", 100_000)?,
            run_for: config::seconds_or("RECONCILE_RUN_SECONDS", Duration::from_secs(40))?,
        })
    }
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub orders: usize,
    pub published: usize,
    /// Left for a run that looks at the next age, if there is one.
    pub failed: usize,
    /// The bound was reached: there may be more.
    pub more: bool,
}

pub async fn run(
    store: &OrderingStore,
    publisher: &dyn Publisher,
    clock: &dyn Clock,
    limits: Limits,
) -> Result<Report, StoreError> {
    let now = clock.now();
    let mut report = Report::default();
    // The oldest first: if the bound is reached, the young will be looked at again.
    for age in AGES.into_iter().rev() {
        let (from, before) = (now - age - limits.window, now - age);
        for shard in reconcile::shards() {
            let mut after = None;
            loop {
                if report.orders >= limits.orders_max || clock.now() >= now + limits.run_for {
                    report.more = true;
                    return Ok(report);
                }
                let look = store.waiting(&shard, from, before, after.as_deref(), LOOK_LEN).await?;
                report.orders += look.orders;
                let batch = missing(store, &look.waiting).await?;
                let Republished { published, failed } = republish(publisher, &batch).await;
                report.published += published;
                report.failed += failed;
                after = look.next;
                if after.is_none() {
                    break;
                }
            }
        }
    }
    Ok(report)
}

async fn missing(store: &OrderingStore, waiting: &[OrderId]) -> Result<Vec<Outgoing>, StoreError> {
    let mut batch = Vec::new();
    for order in waiting {
        let event = store.awaited_event(order).await?;
        batch.extend(event.and_then(|event| event.to_outgoing(SOURCE)));
    }
    Ok(batch)
}
