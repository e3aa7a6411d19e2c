//! What the waiting room is told: by its own API that somebody joins, by booking what it sells.

use marquee_kernel::{ids::UserId, time::Timestamp};
use marquee_passes::request::Wish;
use marquee_waiting_room_domain::ids::SessionId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Of `queue.joined`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    pub event_type: String,
    pub session_id: Uuid,
    pub user_id: Uuid,
    /// When the API took it, RFC 3339 with milliseconds: a batch is put in this order.
    pub arrived_at: String,
    /// Seats that are to be booked when the visitor's turn comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<Wish>,
}

/// Somebody who wants to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub session: SessionId,
    pub user: UserId,
    pub at: Timestamp,
    pub wish: Option<Wish>,
}

pub const JOINED: &str = "queue.joined";

impl Arrival {
    pub fn event(&self) -> Joined {
        Joined {
            event_type: JOINED.to_owned(),
            session_id: self.session.uuid(),
            user_id: self.user.uuid(),
            arrived_at: self.at.to_rfc3339_millis(),
            wish: self.wish.clone(),
        }
    }

    /// # Errors
    /// Says what keeps the body from being such a message: it will never be one.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        let joined: Joined = parse(body)?;
        Ok(Self {
            session: SessionId::new(joined.session_id),
            user: UserId::new(joined.user_id),
            at: instant("arrived_at", &joined.arrived_at)?,
            wish: joined.wish,
        })
    }
}

/// What booking tells, as far as it concerns a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// A session that has a waiting room is on sale.
    Created {
        session: SessionId,
        organizer: Uuid,
        seats: u32,
        sales_start: Timestamp,
        sales_end: Timestamp,
    },
    Reservation(ReservationChange),
    Refused(Refusal),
}

/// What became of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReservationChange {
    pub session: SessionId,
    pub user: UserId,
    pub reservation: Uuid,
    /// The place that its pass was for, if it was for one.
    pub place: Option<Uuid>,
    pub change: Change,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Seats are held until then.
    Held(Timestamp),
    Confirmed {
        seats: u32,
    },
    Expired,
    Cancelled,
}

/// What was asked for on a visitor's behalf could not be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub session: SessionId,
    pub user: UserId,
    pub place: Uuid,
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(tag = "event_type")]
enum Body {
    #[serde(rename = "session.created")]
    Created {
        session_id: Uuid,
        organizer_id: Uuid,
        seats_count: u32,
        sales_start: String,
        sales_end: String,
    },
    #[serde(rename = "reservation.held")]
    Held(Reservation),
    #[serde(rename = "reservation.confirmed")]
    Confirmed(Reservation),
    #[serde(rename = "reservation.expired")]
    Expired(Reservation),
    #[serde(rename = "reservation.cancelled")]
    Cancelled(Reservation),
    #[serde(rename = "reservation.refused")]
    Refused { session_id: Uuid, user_id: Uuid, place_id: Uuid, reason: String },
}

#[derive(Deserialize)]
struct Reservation {
    reservation_id: Uuid,
    user_id: Uuid,
    session_id: Uuid,
    session_seat_ids: Vec<Uuid>,
    expiry_time: Option<String>,
    place_id: Option<Uuid>,
}

impl Reservation {
    fn seats(&self) -> u32 {
        u32::try_from(self.session_seat_ids.len()).unwrap_or(u32::MAX)
    }

    fn into(self, change: Change) -> RoomEvent {
        RoomEvent::Reservation(ReservationChange {
            session: SessionId::new(self.session_id),
            user: UserId::new(self.user_id),
            reservation: self.reservation_id,
            place: self.place_id,
            change,
        })
    }
}

impl RoomEvent {
    /// # Errors
    /// Says what keeps the body from being such an event: it will never be one.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        Ok(match parse(body)? {
            Body::Created { session_id, organizer_id, seats_count, sales_start, sales_end } => {
                Self::Created {
                    session: SessionId::new(session_id),
                    organizer: organizer_id,
                    seats: seats_count,
                    sales_start: instant("sales_start", &sales_start)?,
                    sales_end: instant("sales_end", &sales_end)?,
                }
            }
            Body::Held(held) => {
                let until = held.expiry_time.as_deref().ok_or("not an event: no expiry_time")?;
                let until = instant("expiry_time", until)?;
                held.into(Change::Held(until))
            }
            Body::Confirmed(confirmed) => {
                let seats = confirmed.seats();
                confirmed.into(Change::Confirmed { seats })
            }
            Body::Expired(expired) => expired.into(Change::Expired),
            Body::Cancelled(cancelled) => cancelled.into(Change::Cancelled),
            Body::Refused { session_id, user_id, place_id, reason } => Self::Refused(Refusal {
                session: SessionId::new(session_id),
                user: UserId::new(user_id),
                place: place_id,
                reason,
            }),
        })
    }

    pub fn session(&self) -> SessionId {
        match self {
            Self::Created { session, .. } => *session,
            Self::Reservation(change) => change.session,
            Self::Refused(refusal) => refusal.session,
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("not an event: {error}"))
}

fn instant(name: &str, text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| format!("not an event: {name} is no date and time"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_joins_can_be_read_and_what_does_not_says_why() {
        let arrival = Arrival {
            session: SessionId::new(Uuid::from_u128(1)),
            user: UserId::new(Uuid::from_u128(2)),
            at: Timestamp::from_millis(1_763_229_600_250),
            wish: Some(Wish::BestTogether(2)),
        };
        let body = serde_json::to_vec(&arrival.event()).expect("json");
        assert_eq!(Arrival::read(&body), Ok(arrival));
        for body in [&b"\xff"[..], b"{}", b"[]"] {
            let error = Arrival::read(body).expect_err("no event");
            assert!(error.starts_with("not an event: "), "{error}");
        }
    }

    #[test]
    fn what_booking_tells_is_understood() {
        let (session, user) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let body = json!({
            "event_type": "reservation.confirmed", "reservation_id": Uuid::from_u128(3),
            "user_id": user, "session_id": session, "place_id": Uuid::from_u128(4),
            "session_seat_ids": [Uuid::from_u128(5), Uuid::from_u128(6)],
        });
        let read = RoomEvent::read(body.to_string().as_bytes());
        let change = ReservationChange {
            session: SessionId::new(session),
            user: UserId::new(user),
            reservation: Uuid::from_u128(3),
            place: Some(Uuid::from_u128(4)),
            change: Change::Confirmed { seats: 2 },
        };
        assert_eq!(read, Ok(RoomEvent::Reservation(change)));
        let created = json!({
            "event_type": "session.created", "session_id": session, "organizer_id": user,
            "seats_count": 500, "sales_start": "2030-01-01T18:00:00.000Z",
            "sales_end": "tomorrow",
        });
        let error = RoomEvent::read(created.to_string().as_bytes()).expect_err("no date");
        assert_eq!(error, "not an event: sales_end is no date and time");
    }
}
