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

/// The same events for those who settle payments, who may have to wait for the provider.
pub const PAYMENT_SERVICE_QUEUE: Queue = Queue {
    name: "payment_service_queue",
    consumer: "on-reservation-decided",
    ..EVENT_SERVICE_QUEUE
};

pub const PART: Part =
    Part { queues: &[EVENT_SERVICE_QUEUE, PAYMENT_SERVICE_QUEUE], reply_queues: &[] };
