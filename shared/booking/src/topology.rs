//! Booking's part of the topology.

use marquee_messaging::topology::{Part, Queue, RetryPolicy};

/// Booking's events.
pub const TICKETING_EVENTS: &str = "ticketing_events";

pub const EVENT_SERVICE_QUEUE: Queue = Queue {
    name: "event_service_queue",
    exchange: TICKETING_EVENTS,
    routing_keys: &["reservation.confirmed", "reservation.expired", "reservation.cancelled"],
    consumer: "on-reservation-event",
    retry: RetryPolicy::STANDARD,
};

pub const PART: Part = Part { queues: &[EVENT_SERVICE_QUEUE], reply_queues: &[] };
