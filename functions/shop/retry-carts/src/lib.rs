//! `retry-carts`: publishes again what carts wait for, and gives up in the end.
//!
//! A stream keeps its records for a day, and a message may become a dead letter. What was lost shows: a
//! cart is on its way for longer than any step takes. Publishing an event twice is safe, so nothing
//! needs to be known about why it is missing. A cart whose event was published that often, and which
//! still waits, is stuck: somebody has to look, and can then go on with it.

use std::time::Duration;

use marquee_dynamo::error::StoreError;
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::{
    config::{self, ConfigError},
    republish::republish,
    schedule,
};
use marquee_messaging::publisher::Publisher;
use marquee_shop::{
    store::{
        ShopStore,
        waiting::{Awaits, WaitingCart},
    },
    topology::PART,
};
use serde::Serialize;

const SOURCE: &str = "retry-carts";
const LOOK_LEN: usize = 50;

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a cart waits before what it waits for is published again.
    pub retry_after: Duration,
    /// How often; then the cart is stuck.
    pub retries_max: u32,
    /// After which a run begins nothing more.
    pub run_for: Duration,
}

impl Limits {
    /// `CART_RETRY_SECONDS` and `CART_RETRIES_MAX`.
    ///
    /// # Errors
    /// If a variable cannot be read.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            retry_after: config::seconds_or("CART_RETRY_SECONDS", Duration::from_secs(15 * 60))?,
            retries_max: config::number_or("CART_RETRIES_MAX", 8)?,
            run_for: Duration::from_secs(90),
        })
    }
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Carts that waited for long.
    pub looked_at: usize,
    /// Events that were published again.
    pub published: usize,
    /// Carts that were given up.
    pub stuck: usize,
    /// Events that were not published: the next run tries them again.
    pub failed: usize,
    /// The bound was reached: there may be more.
    pub more: bool,
}

impl schedule::Report for Report {
    fn failed(&self) -> usize {
        self.failed + self.stuck
    }
}

/// # Errors
/// If carts cannot be read or written.
pub async fn run(
    store: &ShopStore,
    publisher: &dyn Publisher,
    clock: &dyn Clock,
    limits: Limits,
) -> Result<Report, StoreError> {
    let until = clock.now() + limits.run_for;
    let mut report = Report::default();
    loop {
        let now = clock.now();
        if now >= until {
            return Ok(Report { more: true, ..report });
        }
        let (carts, more) = store.waiting_carts(now, limits.retry_after, LOOK_LEN).await?;
        report.looked_at += carts.len();
        for cart in &carts {
            look_at(store, publisher, cart, limits, now, &mut report).await?;
        }
        // What failed is found again at once: it is left to the next run.
        if !more || report.failed > 0 {
            return Ok(report);
        }
    }
}

async fn look_at(
    store: &ShopStore,
    publisher: &dyn Publisher,
    cart: &WaitingCart,
    limits: Limits,
    now: Timestamp,
    report: &mut Report,
) -> Result<(), StoreError> {
    let (invoice, status) = (cart.invoice, cart.status);
    let event = match &cart.awaits {
        // Whoever processes invoices tries until there is an answer, and says so if there is none.
        Awaits::Invoice => return store.note_look(cart, cart.tries, now).await,
        Awaits::Event(event) if cart.tries < limits.retries_max => event,
        Awaits::Event(event) => {
            let (key, tries) = (&event.routing_key, cart.tries);
            let reason = format!("{key} was published again {tries} times, and nothing came of it");
            tracing::error!(%invoice, reason, "the cart is stuck");
            report.stuck += usize::from(store.mark_stuck(invoice, status, &reason, now).await?);
            return Ok(());
        }
        Awaits::Unreadable => {
            let reason = "the event that the cart waits for cannot be read";
            tracing::error!(%invoice, reason, "the cart is stuck");
            report.stuck += usize::from(store.mark_stuck(invoice, status, reason, now).await?);
            return Ok(());
        }
    };
    let events = std::slice::from_ref(event);
    let published = republish(publisher, SOURCE, &PART.into(), events).await;
    report.published += published.published;
    report.failed += published.failed;
    match published.failed {
        0 => store.note_look(cart, cart.tries + 1, now).await,
        _ => Ok(()),
    }
}
