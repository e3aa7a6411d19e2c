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

/// What booking tells everybody: which sessions have a waiting room, and what became of reservations.
pub const ROOM_EVENTS: Queue = Queue {
    name: "room_events",
    exchange: "ticketing_events",
    routing_keys: &[
        "session.created",
        "reservation.held",
        "reservation.confirmed",
        "reservation.expired",
        "reservation.cancelled",
    ],
    consumer: "on-room-event",
    retry: RetryPolicy::STANDARD,
};

pub const PART: Part = Part { queues: &[QUEUE_JOINED, ROOM_EVENTS], reply_queues: &[] };
