//! Booking's part of the topology.

use marquee_messaging::topology::{Part, Queue, RetryPolicy};

/// Booking's events.
pub use marquee_passes::request::TICKETING_EVENTS;

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

/// What waiting rooms ask for on behalf of visitors.
pub use marquee_passes::request::BOOKING_REQUESTED;
use marquee_passes::request::ROOM_EVENTS;

/// What is published to waiting rooms alone.
pub const TO_WAITING_ROOM: Part = Part { queues: &[ROOM_EVENTS], reply_queues: &[] };

pub const PART: Part = Part {
    queues: &[EVENT_SERVICE_QUEUE, PAYMENT_SERVICE_QUEUE, BOOKING_REQUESTED],
    reply_queues: &[],
};
