//! `on-reservation-event`: marks seats sold or free as reservations change.
//!
//! Consumes `event_service_queue`. A message that is not a reservation event, or names seats that
//! its session does not have, is poison: it can never succeed. Everything else is safe to see any
//! number of times, at any age and in any order, because a seat changes only if it is still this
//! reservation's: an event that comes too late finds nothing to do.

use std::sync::Arc;

use async_trait::async_trait;
use marquee_booking::{
    events::{ReservationEvent, ReservationEventType},
    store::{BookingStore, seats::Mark},
};
use marquee_booking_domain::ids::{SessionId, SessionSeatId};
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::consumer::{MessageHandler, Outcome};
use marquee_messaging::{message::Message, topology::Queue};

pub const QUEUE: &Queue = &marquee_booking::topology::EVENT_SERVICE_QUEUE;

/// No publisher of ours sends more, and each may cost a look-up.
const SEATS_PER_EVENT_MAX: usize = 100;

#[derive(Clone, Debug)]
pub struct OnReservationEvent {
    pub store: BookingStore,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl MessageHandler for OnReservationEvent {
    async fn handle(&self, message: &Message) -> Outcome {
        let event: ReservationEvent = match serde_json::from_slice(&message.body) {
            Ok(event) => event,
            Err(error) => return Outcome::Poison(format!("not a reservation event: {error}")),
        };
        if event.session_seat_ids.len() > SEATS_PER_EVENT_MAX {
            return Outcome::Poison(format!("more than {SEATS_PER_EVENT_MAX} seats"));
        }
        match run(&self.store, &event, self.clock.now()).await {
            Ok(Marked::Seats(changed)) => {
                let event_type = event.event_type.routing_key();
                tracing::info!(reservation = %event.reservation_id, event_type, changed, "marked");
                Outcome::Done
            }
            Ok(Marked::UnknownSeats(seats)) => {
                Outcome::Poison(format!("session {} has no seats {seats:?}", event.session_id))
            }
            // A defect may be mended and the message tried again from the dead letters.
            Err(error) => Outcome::RetryLater(error.to_string()),
        }
    }
}

enum Marked {
    /// How many were not so before.
    Seats(usize),
    UnknownSeats(Vec<SessionSeatId>),
}

async fn run(
    store: &BookingStore,
    event: &ReservationEvent,
    now: Timestamp,
) -> Result<Marked, StoreError> {
    let mark = match event.event_type {
        // Whoever held the seats has marked them.
        ReservationEventType::Held => return Ok(Marked::Seats(0)),
        ReservationEventType::Confirmed => Mark::Sold,
        ReservationEventType::Cancelled => Mark::Free,
        // Whoever said so may have a clock that is ahead: a hold that is not over frees itself.
        ReservationEventType::Expired => Mark::FreeIfOver(now),
    };
    let session = SessionId::new(event.session_id);
    let seats: Vec<_> = event.session_seat_ids.iter().copied().map(SessionSeatId::new).collect();
    let places: Vec<_> = match store.locate(session, &seats).await? {
        Ok(located) => located.into_iter().map(|seat| seat.place).collect(),
        Err(unknown) => return Ok(Marked::UnknownSeats(unknown)),
    };
    let held_until = event.expiry_time.as_deref().and_then(Timestamp::parse);
    store.mark(session, &places, event.reservation_id, held_until, mark).await.map(Marked::Seats)
}
