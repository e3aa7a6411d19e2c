//! Publishing events again that never had their effect, for reconcilers.

use std::{iter::Sum, ops::Add};

use marquee_messaging::{
    outbox::OutboxEvent,
    publisher::{Outgoing, Publisher},
    topology::Topology,
};
use serde::Serialize;

use crate::schedule;

/// What a run of a reconciler did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Sessions, orders, or whatever the reconciler goes through.
    pub looked_at: usize,
    pub published: usize,
    /// Events that were not published, and looks that failed: the next run tries them again, but for
    /// events that can never be published.
    pub failed: usize,
    /// A bound was reached: the next run goes on from there.
    pub more: bool,
}

impl Add for Report {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            looked_at: self.looked_at + other.looked_at,
            published: self.published + other.published,
            failed: self.failed + other.failed,
            more: self.more || other.more,
        }
    }
}

impl Sum for Report {
    fn sum<I: Iterator<Item = Self>>(reports: I) -> Self {
        reports.fold(Self::default(), Add::add)
    }
}

impl schedule::Report for Report {
    fn failed(&self) -> usize {
        self.failed
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Republished {
    pub published: usize,
    /// Those that a later try may publish.
    pub failed: usize,
    /// Those that can never be published: they need a person.
    pub refused: usize,
}

/// Publishes what was found missing as `source`, and says so in the log: each was lost once.
pub async fn republish(
    publisher: &dyn Publisher,
    source: &str,
    topology: &Topology,
    events: &[OutboxEvent],
) -> Republished {
    let mut counts = Republished::default();
    let mut missing: Vec<Outgoing> = Vec::with_capacity(events.len());
    for event in events {
        let Some(outgoing) = event.to_outgoing(topology, source) else {
            tracing::error!(event = %event.id, event.routing_key, "no exchange carries such an event");
            counts.refused += 1;
            continue;
        };
        missing.push(outgoing);
    }
    if missing.is_empty() {
        return counts;
    }
    for (outgoing, result) in missing.iter().zip(publisher.publish(&missing).await) {
        let event = outgoing.message.metadata.id.as_deref();
        let routing_key = outgoing.routing_key.as_str();
        match result {
            Ok(()) => {
                tracing::warn!(event, routing_key, "published an event that was missing");
                counts.published += 1;
            }
            Err(error) if error.is_transient() => {
                tracing::warn!(event, routing_key, %error, "a missing event was not published");
                counts.failed += 1;
            }
            Err(error) => {
                tracing::error!(event, routing_key, %error, "a missing event can never be published");
                counts.refused += 1;
            }
        }
    }
    counts
}
