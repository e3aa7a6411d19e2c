//! Exchanges, routing keys, queues, consumers, dead letters and retry limits. Each context says its
//! [`Part`]; a [`Topology`] is some of them, or all of an environment's.
//!
//! Whatever declares or deploys queues reads it or is checked against it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// When a message that failed for now is tried again, and when that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all, the first included; after the last the message is a dead letter.
    pub attempts_max: u32,
    /// Before the second try; it doubles from try to try.
    pub delay_first: Duration,
    pub delay_max: Duration,
}

impl RetryPolicy {
    /// Enough to sit out a broker or table that is away for some minutes, and no more than a
    /// day's trouble-shooter would wait for.
    pub const STANDARD: Self = Self {
        attempts_max: 10,
        delay_first: Duration::from_secs(1),
        delay_max: Duration::from_secs(60),
    };

    /// The wait after the given failed attempt, counted from 1; `None` after the last.
    pub fn delay_after(&self, attempt: u32) -> Option<Duration> {
        if attempt >= self.attempts_max {
            return None;
        }
        let doublings = attempt.saturating_sub(1).min(31);
        Some(self.delay_first.saturating_mul(1 << doublings).min(self.delay_max))
    }

    /// Every delay it can ask for.
    pub fn delays(&self) -> BTreeSet<Duration> {
        (1..self.attempts_max).map_while(|attempt| self.delay_after(attempt)).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    pub name: &'static str,
    /// A durable topic exchange.
    pub exchange: &'static str,
    pub routing_keys: &'static [&'static str],
    /// The function that consumes it.
    pub consumer: &'static str,
    pub retry: RetryPolicy,
}

/// What one context publishes, consumes and replies.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub queues: &'static [Queue],
    /// Where replies go to requests that name no queue for them. Nobody of ours consumes them. A
    /// queue whose name begins like one of these is for replies, too.
    pub reply_queues: &'static [&'static str],
}

/// The parts of some contexts, or of all.
#[derive(Clone, Debug)]
pub struct Topology(Arc<[Part]>);

impl FromIterator<Part> for Topology {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        Self(parts.into_iter().collect())
    }
}

impl From<Part> for Topology {
    fn from(part: Part) -> Self {
        Self(Arc::new([part]))
    }
}

impl Topology {
    pub fn queues(&self) -> impl Iterator<Item = &'static Queue> {
        self.0.iter().flat_map(|part| part.queues)
    }

    pub fn reply_queues(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().flat_map(|part| part.reply_queues).copied()
    }

    pub fn queue(&self, name: &str) -> Option<&'static Queue> {
        self.queues().find(|queue| queue.name == name)
    }

    /// Each exchange once.
    pub fn exchanges(&self) -> BTreeSet<&'static str> {
        self.queues().map(|queue| queue.exchange).collect()
    }

    /// The exchange that events of this routing key are published on.
    pub fn exchange_of(&self, routing_key: &str) -> Option<&'static str> {
        let queue = self.queues().find(|queue| queue.routing_keys.contains(&routing_key));
        queue.map(|queue| queue.exchange)
    }

    /// The queues that a message published on `exchange` with `routing_key` is copied to.
    pub fn routes(
        &self,
        exchange: &str,
        routing_key: &str,
    ) -> impl Iterator<Item = &'static Queue> {
        self.queues().filter(move |queue| {
            queue.exchange == exchange && queue.routing_keys.contains(&routing_key)
        })
    }

    /// Every dead-letter queue there is.
    pub fn dead_letter_queues(&self) -> impl Iterator<Item = String> {
        self.queues().map(|queue| queue.name).chain([RELAY_OUTBOX]).map(dead_letter_queue)
    }

    /// Whether a queue is for replies by its name.
    pub fn is_named_for_replies(&self, queue: &str) -> bool {
        self.reply_queues().any(|replies| queue.starts_with(replies))
    }

    /// Whether a queue is one that messages go through, which no sender may name for a reply.
    pub fn is_working_queue(&self, queue: &str) -> bool {
        self.queue(queue).is_some()
            || queue == ENVIRONMENT_MARKER
            || queue.ends_with("_dlq")
            || queue.starts_with("retry_")
    }
}

/// A reply that nobody fetched by then is of no use.
pub const REPLIES_KEPT_FOR: Duration = Duration::from_secs(60 * 60);

/// On RabbitMQ, the queue that says whose environment a virtual host is.
pub const ENVIRONMENT_MARKER: &str = "marquee_environment";

/// What `relay-outbox` dead-letters an event under that can never be published.
pub const RELAY_OUTBOX: &str = "relay_outbox";

/// Where the dead letters of `queue` go.
pub fn dead_letter_queue(queue: &str) -> String {
    format!("{queue}_dlq")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest_and_end_with_the_last_attempt() {
        let policy = RetryPolicy {
            attempts_max: 5,
            delay_first: Duration::from_secs(1),
            delay_max: Duration::from_secs(3),
        };
        let delays: Vec<_> = (1..=5).map(|n| policy.delay_after(n).map(|d| d.as_secs())).collect();
        assert_eq!(delays, [Some(1), Some(2), Some(3), Some(3), None]);
    }
}
