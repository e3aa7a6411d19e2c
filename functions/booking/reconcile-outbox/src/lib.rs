//! `reconcile-outbox`: publishes again the events that never had their effect.
//!
//! A stream keeps its records for a day, and a record that its function failed too often leaves
//! it sooner. What was lost shows: seats wait for the event (see
//! [`marquee_booking::store::reconcile`]). Publishing an event twice is safe, so nothing needs to
//! be known about why it is missing.
//!
//! Runs go through the sessions in the order of their identifiers, round and round: each begins where
//! the last one stopped, which is on record. Only sessions count that ended less than a week ago.

use std::{cmp::Ordering, time::Duration};

use futures_util::{StreamExt, stream};
use marquee_booking::{store::BookingStore, topology::PART};
use marquee_booking_domain::{ids::ReservationId, venue::Session};
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::{
    config::{self, ConfigError},
    republish::{Report, republish},
};
use marquee_messaging::publisher::Publisher;

const SOURCE: &str = "reconcile-outbox";
const PAGE_LEN: i32 = 100;
/// Sessions looked at side by side: a read each.
const SESSIONS_AT_ONCE: usize = 10;
/// Reservations read, and their events published, together.
const EVENTS_AT_ONCE: usize = 100;
/// Longer than a stream keeps its records, and than anybody takes to notice that it lost some.
const ENDED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long after a hold ran out its seats may still wait for an event that is on its way.
    pub after: Duration,
    /// Sessions that one run goes through, give or take a page.
    pub sessions_max: usize,
    /// After which a run begins nothing more.
    pub run_for: Duration,
}

impl Limits {
    /// `RECONCILE_AFTER_SECONDS`, `RECONCILE_SESSIONS_MAX` and `RECONCILE_RUN_SECONDS`.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            after: config::seconds_or("RECONCILE_AFTER_SECONDS", Duration::from_secs(15 * 60))?,
            sessions_max: config::number_or("RECONCILE_SESSIONS_MAX", 20_000)?,
            run_for: config::seconds_or("RECONCILE_RUN_SECONDS", Duration::from_secs(90))?,
        })
    }
}

pub async fn run(
    store: &BookingStore,
    publisher: &dyn Publisher,
    clock: &dyn Clock,
    limits: Limits,
) -> Result<Report, StoreError> {
    let run = Run { store, publisher, clock, limits, now: clock.now() };
    let mut report = Report::default();
    let start = store.reconciled_to().await?;
    let mut after = start.clone();
    let mut wrapped = start.is_none();
    // Sessions that ended long ago count as well: they are read to be passed over.
    let mut passed = 0;
    loop {
        if passed >= limits.sessions_max || run.is_over() {
            return Ok(Report { more: true, ..report });
        }
        let page = store.sessions_from(after.as_deref(), PAGE_LEN).await?;
        let mut sessions = page.sessions;
        passed += sessions.len();
        report.failed += page.unreadable;
        // Where this run began, it ends: with the session that the last one ended with.
        let compared = |session: &Session| start.as_ref().map(|at| session.id.to_string().cmp(at));
        let full_circle =
            wrapped && sessions.last().and_then(compared).is_some_and(Ordering::is_ge);
        if full_circle {
            sessions.retain(|session| compared(session).is_none_or(Ordering::is_le));
        }
        report = report + run.sessions(&sessions).await;
        if report.more {
            // Cut off within this page: the next run begins with it.
            return Ok(report);
        }
        store.set_reconciled_to(page.next.as_deref()).await?;
        if full_circle || (wrapped && page.next.is_none()) {
            return Ok(report);
        }
        wrapped |= page.next.is_none();
        after = page.next;
    }
}

struct Run<'a> {
    store: &'a BookingStore,
    publisher: &'a dyn Publisher,
    clock: &'a dyn Clock,
    limits: Limits,
    now: Timestamp,
}

impl Run<'_> {
    async fn sessions(&self, sessions: &[Session]) -> Report {
        let recent = sessions.iter().filter(|session| self.now < session.end_time + ENDED_FOR);
        let looks = recent.map(|session| async move {
            let mut report = Report::default();
            // One that cannot be read must not keep the run from the others.
            if let Err(error) = self.session(session, &mut report).await {
                tracing::warn!(%error, session = %session.id, "could not be looked through");
                report.failed += 1;
            }
            report
        });
        let reports = stream::iter(looks).buffer_unordered(SESSIONS_AT_ONCE);
        reports.fold(Report::default(), |sum, report| async move { sum + report }).await
    }

    async fn session(&self, session: &Session, report: &mut Report) -> Result<(), StoreError> {
        if self.is_over() {
            report.more = true;
            return Ok(());
        }
        report.looked_at += 1;
        let before = self.now - self.limits.after;
        let waiting: Vec<_> =
            self.store.left_waiting(session.id, before).await?.into_iter().collect();
        for reservations in waiting.chunks(EVENTS_AT_ONCE) {
            if self.is_over() {
                report.more = true;
                return Ok(());
            }
            self.publish(reservations, report).await?;
        }
        Ok(())
    }

    async fn publish(
        &self,
        reservations: &[ReservationId],
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let last = self.store.last_events(reservations.iter().copied()).await?;
        let published = republish(self.publisher, SOURCE, &PART.into(), &last.events).await;
        report.published += published.published;
        report.failed += published.failed + published.refused + last.unreadable;
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.clock.now() >= self.now + self.limits.run_for
    }
}
