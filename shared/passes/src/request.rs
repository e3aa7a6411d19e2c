//! Requests: what a waiting room asks booking for on behalf of its visitors, and how booking refuses.

use marquee_kernel::time::Timestamp;
use marquee_messaging::{
    message::{Message, Metadata},
    publisher::Outgoing,
    topology::{Queue, RetryPolicy},
    trace,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Booking's events, and what it is asked for.
pub const TICKETING_EVENTS: &str = "ticketing_events";

/// Booking consumes it.
pub const BOOKING_REQUESTED: Queue = Queue {
    name: "booking_requested",
    exchange: TICKETING_EVENTS,
    routing_keys: &["booking.requested"],
    consumer: "on-booking-requested",
    retry: RetryPolicy::STANDARD,
};

/// The waiting room consumes it: which sessions have a room, and what became of reservations and requests.
pub const ROOM_EVENTS: Queue = Queue {
    name: "room_events",
    exchange: TICKETING_EVENTS,
    routing_keys: &[
        "session.created",
        "reservation.held",
        "reservation.confirmed",
        "reservation.expired",
        "reservation.cancelled",
        "reservation.refused",
    ],
    consumer: "on-room-event",
    retry: RetryPolicy::STANDARD,
};

/// What a waiting room asks for on behalf of a visitor who was let in: `booking.requested`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingRequest {
    pub event_type: BookingRequestType,
    pub session_id: Uuid,
    pub user_id: Uuid,
    /// The visitor's place in the line, with which one reservation can be made.
    pub place_id: Uuid,
    /// Until when the place is the visitor's, RFC 3339 with milliseconds: nothing is booked after that.
    pub place_expires_at: String,
    /// Where the visitor stands: requests of one session are booked in this order.
    pub number: u64,
    pub wish: Wish,
}

const REQUESTED: &str = "booking.requested";

impl BookingRequest {
    /// Of a visitor with this place, until then.
    pub fn new(
        session: Uuid,
        user: Uuid,
        (place, until): (Uuid, Timestamp),
        number: u64,
        wish: Wish,
    ) -> Self {
        Self {
            event_type: BookingRequestType::Requested,
            session_id: session,
            user_id: user,
            place_id: place,
            place_expires_at: until.to_rfc3339_millis(),
            number,
            wish,
        }
    }

    /// As a message that is the same however often it is published.
    pub fn outgoing(&self, source: &str) -> Outgoing {
        outgoing(self.place_id, REQUESTED, source, self)
    }
}

fn outgoing(place: Uuid, routing_key: &str, source: &str, body: &impl Serialize) -> Outgoing {
    let metadata = Metadata {
        id: Some(Uuid::new_v5(&place, routing_key.as_bytes()).to_string()),
        event_type: Some(routing_key.to_owned()),
        source: Some(source.to_owned()),
        traceparent: trace::current().map(|trace| trace.to_string()),
        ..Metadata::default()
    };
    let body = serde_json::to_vec(body).unwrap_or_default();
    Outgoing {
        exchange: BOOKING_REQUESTED.exchange.to_owned(),
        routing_key: routing_key.to_owned(),
        message: Message { metadata, body },
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BookingRequestType {
    #[serde(rename = "booking.requested")]
    Requested,
}

/// Which seats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// These.
    Seats(Vec<Uuid>),
    /// So many next to one another, the best there are.
    BestTogether(u16),
}

/// Why such a request came to nothing: `reservation.refused`. The visitor keeps the place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingRefused {
    pub event_type: BookingRefusedType,
    pub session_id: Uuid,
    pub user_id: Uuid,
    pub place_id: Uuid,
    pub reason: String,
}

const REFUSED: &str = "reservation.refused";

impl BookingRefused {
    /// What such a request came to.
    pub fn of(request: &BookingRequest, reason: String) -> Self {
        let event_type = BookingRefusedType::Refused;
        let BookingRequest { session_id, user_id, place_id, .. } = *request;
        Self { event_type, session_id, user_id, place_id, reason }
    }

    /// As a message that is the same however often it is published.
    pub fn outgoing(&self, source: &str) -> Outgoing {
        outgoing(self.place_id, REFUSED, source, self)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BookingRefusedType {
    #[serde(rename = "reservation.refused")]
    Refused,
}
