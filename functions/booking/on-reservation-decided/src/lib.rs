//! `on-reservation-decided`: takes the money for what is confirmed, and withdraws or gives back what was
//! paid for anything else.
//!
//! Consumes `payment_service_queue`. The event only says which reservation to look at: what that is
//! by now decides, so a message may be late, repeated or false and no money moves for it that should
//! not. What the provider does not do at once is put on record as due, for `settle-payments`.

use async_trait::async_trait;
use marquee_booking::{
    checkout::{Checkout, CheckoutError},
    events::{ReservationEvent, ReservationEventType},
};
use marquee_booking_domain::ids::ReservationId;
use marquee_lambda::consumer::{MessageHandler, Outcome};
use marquee_messaging::{message::Message, topology::Queue};

pub const QUEUE: &Queue = &marquee_booking::topology::PAYMENT_SERVICE_QUEUE;

#[derive(Clone, Debug)]
pub struct OnReservationDecided {
    pub checkout: Checkout,
}

#[async_trait]
impl MessageHandler for OnReservationDecided {
    async fn handle(&self, message: &Message) -> Outcome {
        let event: ReservationEvent = match serde_json::from_slice(&message.body) {
            Ok(event) => event,
            Err(error) => return Outcome::Poison(format!("not a reservation event: {error}")),
        };
        // Nothing is decided yet.
        if event.event_type == ReservationEventType::Held {
            return Outcome::Done;
        }
        match self.checkout.settle_all(ReservationId::new(event.reservation_id)).await {
            Ok(()) => Outcome::Done,
            // Another service's seats, for which nobody paid us.
            Err(CheckoutError::Unknown) => Outcome::Done,
            // What does not pass may be mended, and tried again from the dead letters.
            Err(error) => {
                tracing::warn!(%error, reservation = %event.reservation_id, "not settled");
                Outcome::RetryLater(error.to_string())
            }
        }
    }
}
