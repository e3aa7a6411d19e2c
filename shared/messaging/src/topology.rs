//! The one table of exchanges, routing keys, queues, consumers, dead letters and retry limits.
//!
//! Whatever declares or deploys queues reads this table or is checked against it.

use std::{collections::BTreeSet, time::Duration};

/// Booking's events.
pub const TICKETING_EVENTS: &str = "ticketing_events";
/// Ordering's events.
pub const ORDERS_EXCHANGE: &str = "orders_exchange";

/// What members of a conference ask for.
pub const MEMBERS_EXCHANGE: &str = "members_exchange";

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

pub const QUEUES: &[Queue] = &[
    Queue {
        name: "event_service_queue",
        exchange: TICKETING_EVENTS,
        routing_keys: &["reservation.confirmed", "reservation.expired", "reservation.cancelled"],
        consumer: "on-reservation-event",
        retry: RetryPolicy::STANDARD,
    },
    Queue {
        name: "order_placed",
        exchange: ORDERS_EXCHANGE,
        routing_keys: &["order.placed"],
        consumer: "on-order-placed",
        retry: RetryPolicy::STANDARD,
    },
    Queue {
        name: "inventory_reserved",
        exchange: ORDERS_EXCHANGE,
        routing_keys: &["inventory.reserved"],
        consumer: "on-inventory-reserved",
        retry: RetryPolicy::STANDARD,
    },
    Queue {
        name: "order_callback_reserved",
        exchange: ORDERS_EXCHANGE,
        routing_keys: &["inventory.reserved"],
        consumer: "on-inventory-result",
        retry: RetryPolicy::STANDARD,
    },
    Queue {
        name: "order_callback_failed",
        exchange: ORDERS_EXCHANGE,
        routing_keys: &["inventory.failed"],
        consumer: "on-inventory-result",
        retry: RetryPolicy::STANDARD,
    },
    Queue {
        name: "member_messages",
        exchange: MEMBERS_EXCHANGE,
        routing_keys: &["member.save", "seat.get"],
        consumer: "on-member-message",
        retry: RetryPolicy::STANDARD,
    },
];

/// Where answers go to questions that name no queue for them. Nobody of ours consumes them.
pub const REPLY_QUEUES: &[&str] = &[MEMBER_REPLIES];
pub const MEMBER_REPLIES: &str = "member_replies";
/// An answer that nobody fetched by then is of no use.
pub const REPLIES_KEPT_FOR: Duration = Duration::from_secs(60 * 60);

/// Whether a queue is for answers by its name: one of [`REPLY_QUEUES`], or one that begins like it.
pub fn is_named_for_replies(queue: &str) -> bool {
    REPLY_QUEUES.iter().any(|replies| queue.starts_with(replies))
}

/// Whether a queue is one that messages go through, which no sender may name for an answer.
pub fn is_working_queue(queue: &str) -> bool {
    self::queue(queue).is_some()
        || queue == ENVIRONMENT_MARKER
        || queue.ends_with("_dlq")
        || queue.starts_with("retry_")
}

/// On RabbitMQ, the queue that says whose environment a virtual host is.
pub const ENVIRONMENT_MARKER: &str = "marquee_environment";

/// What `relay-outbox` parks an event under that can never be published.
pub const RELAY_OUTBOX: &str = "relay_outbox";

/// Each exchange once.
pub fn exchanges() -> BTreeSet<&'static str> {
    QUEUES.iter().map(|queue| queue.exchange).collect()
}

/// Where the dead letters of `queue` go.
pub fn dead_letter_queue(queue: &str) -> String {
    format!("{queue}_dlq")
}

/// Every dead-letter queue there is.
pub fn dead_letter_queues() -> Vec<String> {
    let parked = QUEUES.iter().map(|queue| queue.name).chain([RELAY_OUTBOX]);
    parked.map(dead_letter_queue).collect()
}

pub fn queue(name: &str) -> Option<&'static Queue> {
    QUEUES.iter().find(|queue| queue.name == name)
}

/// The queues that a message published on `exchange` with `routing_key` is copied to.
pub fn routes(exchange: &str, routing_key: &str) -> impl Iterator<Item = &'static Queue> {
    QUEUES
        .iter()
        .filter(move |queue| queue.exchange == exchange)
        .filter(move |queue| queue.routing_keys.contains(&routing_key))
}

/// The exchange that events of this routing key are published on.
pub fn exchange_of(routing_key: &str) -> Option<&'static str> {
    QUEUES
        .iter()
        .find(|queue| queue.routing_keys.contains(&routing_key))
        .map(|queue| queue.exchange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};

    #[test]
    fn names_are_unique_and_a_routing_key_belongs_to_one_exchange() {
        let names: HashSet<_> = QUEUES.iter().map(|queue| queue.name).collect();
        assert_eq!(names.len(), QUEUES.len());
        let mut exchanges = HashMap::new();
        for queue in QUEUES {
            for key in queue.routing_keys {
                let first = *exchanges.entry(key).or_insert(queue.exchange);
                assert_eq!(first, queue.exchange, "{key} is on two exchanges");
            }
        }
    }

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
