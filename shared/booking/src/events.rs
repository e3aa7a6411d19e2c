//! What booking tells the world about sessions and reservations, on exchange `ticketing_events`.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionEventType {
    #[serde(rename = "session.created")]
    Created,
}

impl SessionEventType {
    pub const fn routing_key(self) -> &'static str {
        match self {
            Self::Created => "session.created",
        }
    }
}

/// A session with a waiting room is on sale, now or from `sales_start` on. Nobody is told of others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionEvent {
    pub event_type: SessionEventType,
    pub session_id: Uuid,
    pub organizer_id: Uuid,
    pub seats_count: usize,
    /// RFC 3339 with milliseconds.
    pub sales_start: String,
    /// RFC 3339 with milliseconds.
    pub sales_end: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReservationEventType {
    /// Only of sessions with a waiting room: a hold of others leaves no event.
    #[serde(rename = "reservation.held")]
    Held,
    #[serde(rename = "reservation.confirmed")]
    Confirmed,
    #[serde(rename = "reservation.expired")]
    Expired,
    #[serde(rename = "reservation.cancelled")]
    Cancelled,
}

impl ReservationEventType {
    pub const fn routing_key(self) -> &'static str {
        match self {
            Self::Held => "reservation.held",
            Self::Confirmed => "reservation.confirmed",
            Self::Expired => "reservation.expired",
            Self::Cancelled => "reservation.cancelled",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservationEvent {
    pub event_type: ReservationEventType,
    pub reservation_id: Uuid,
    pub user_id: Uuid,
    pub session_id: Uuid,
    pub session_seat_ids: Vec<Uuid>,
    /// Until when the seats were held, RFC 3339 with milliseconds. A publisher that does not know
    /// leaves it out, at the price of one more request in the consumer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_time: Option<String>,
    /// The place in the session's waiting room that the reservation was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_id: Option<Uuid>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_type_is_the_routing_key() {
        use ReservationEventType::{Cancelled, Confirmed, Expired, Held};
        for event_type in [Held, Confirmed, Expired, Cancelled] {
            let json = serde_json::to_value(event_type).expect("json");
            assert_eq!(json, event_type.routing_key());
        }
        let created = SessionEventType::Created;
        assert_eq!(serde_json::to_value(created).expect("json"), created.routing_key());
    }
}
