//! `reconcile-outbox`: publishes again the events that never had their effect.
//!
//! A stream keeps its records for a day, and a record that its function failed too often leaves
//! it sooner. What was lost shows: seats wait for the event (see `marquee_store`'s
//! [`marquee_store::booking::reconcile`]). Publishing an event twice is safe, so nothing needs to
//! be known about why it is missing.
//!
//! A run is bounded, begins at a random session and goes on from there, so that runs which cannot
//! see everything still see everything in time. Only sessions count that ended less than a day
//! ago.

use std::time::Duration;

use marquee_domain::{
    booking::venue::Session,
    time::{Clock, Timestamp},
};
use marquee_lambda::{
    config::{self, ConfigError},
    republish::{Republished, republish},
};
use marquee_messaging::publisher::{Outgoing, Publisher};
use marquee_store::{
    booking::{BookingStore, venues::ListFilter},
    error::StoreError,
};
use serde::Serialize;
use uuid::Uuid;

const SOURCE: &str = "reconcile-outbox";
const PAGE_LEN: i32 = 100;
/// A session's events stop mattering some time after it.
const ENDED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long after a hold ran out its seats may still wait for an event that is on its way.
    pub after: Duration,
    /// Sessions that one run looks at.
    pub sessions_max: usize,
    /// After which a run begins nothing more.
    pub run_for: Duration,
}

impl Limits {
    /// `RECONCILE_AFTER_SECONDS`, `RECONCILE_SESSIONS_MAX` and `RECONCILE_RUN_SECONDS`.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            after: config::seconds_or("RECONCILE_AFTER_SECONDS", Duration::from_secs(15 * 60))?,
            sessions_max: config::number_or("RECONCILE_SESSIONS_MAX", 2_000)?,
            run_for: config::seconds_or("RECONCILE_RUN_SECONDS", Duration::from_secs(40))?,
        })
    }
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub sessions: usize,
    pub published: usize,
    /// Left for another run.
    pub failed: usize,
    /// The bound was reached: there may be more.
    pub more: bool,
}

pub async fn run(
    store: &BookingStore,
    publisher: &dyn Publisher,
    clock: &dyn Clock,
    limits: Limits,
) -> Result<Report, StoreError> {
    let now = clock.now();
    let mut report = Report::default();
    let start = Uuid::new_v4().to_string();
    let mut after = Some(start.clone());
    let mut wrapped = false;
    loop {
        let page = store.list_sessions(ListFilter::All, PAGE_LEN, after.as_deref()).await?;
        for session in page.items {
            if wrapped && session.id.to_string() > start {
                return Ok(report);
            }
            if report.sessions >= limits.sessions_max || clock.now() >= now + limits.run_for {
                report.more = true;
                return Ok(report);
            }
            if now < session.end_time + ENDED_FOR {
                report.sessions += 1;
                let before = now - limits.after;
                // One that cannot be read must not keep the run from the others.
                if let Err(error) = reconcile(store, publisher, &session, before, &mut report).await
                {
                    tracing::warn!(%error, session = %session.id, "could not be looked through");
                    report.failed += 1;
                }
            }
        }
        after = page.next;
        if after.is_none() {
            if wrapped {
                return Ok(report);
            }
            wrapped = true;
        }
    }
}

async fn reconcile(
    store: &BookingStore,
    publisher: &dyn Publisher,
    session: &Session,
    before: Timestamp,
    report: &mut Report,
) -> Result<(), StoreError> {
    let mut batch: Vec<Outgoing> = Vec::new();
    for reservation in store.left_waiting(session.id, before).await? {
        let event = store.last_event(reservation).await?;
        batch.extend(event.and_then(|event| event.to_outgoing(SOURCE)));
    }
    let Republished { published, failed } = republish(publisher, &batch).await;
    report.published += published;
    report.failed += failed;
    Ok(())
}
