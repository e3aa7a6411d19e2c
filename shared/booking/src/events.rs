//! What booking tells the world about a reservation, on exchange `ticketing_events`.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReservationEventType {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_type_is_the_routing_key() {
        use ReservationEventType::{Cancelled, Confirmed, Expired};
        for event_type in [Confirmed, Expired, Cancelled] {
            let json = serde_json::to_value(event_type).expect("json");
            assert_eq!(json, event_type.routing_key());
        }
    }
}
