//! The waiting room's part of the topology.

use marquee_messaging::topology::{Part, Queue, RetryPolicy};

/// The waiting room's messages.
pub const WAITING_ROOM_EVENTS: &str = "waiting_room_events";

pub const QUEUE_JOINED: Queue = Queue {
    name: "queue_joined",
    exchange: WAITING_ROOM_EVENTS,
    routing_keys: &["queue.joined"],
    consumer: "on-queue-joined",
    retry: RetryPolicy::STANDARD,
};

/// What booking tells; and where what visitors have asked for is booked.
pub use marquee_passes::request::{BOOKING_REQUESTED, ROOM_EVENTS};

/// What is published to booking.
pub const TO_BOOKING: Part = Part { queues: &[BOOKING_REQUESTED], reply_queues: &[] };

pub const PART: Part = Part { queues: &[QUEUE_JOINED, ROOM_EVENTS], reply_queues: &[] };
