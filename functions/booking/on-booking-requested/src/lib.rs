//! `on-booking-requested`: reserves seats for visitors of a waiting room whose turn has come.
//!
//! Consumes `booking_requested`. A message that is no such request is poison. Everything else is safe to see
//! any number of times: a place makes one reservation. Requests of one session are booked one after the
//! other, in the order of their numbers; sessions side by side. A request that cannot be booked is
//! refused by an event, and its visitor keeps the place and the pass.

mod book;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use futures_util::future::join_all;
use marquee_booking::{
    store::{BookingStore, holds::HoldPolicy},
    topology as booking,
};
use marquee_kernel::time::Clock;
use marquee_lambda::consumer::{BatchHandler, Incoming, Outcome, guarded};
use marquee_messaging::{
    publisher::Publisher,
    topology::{Queue, Topology},
};
use marquee_passes::request::{BookingRefused, BookingRequest};
use uuid::Uuid;

/// What it knows of the topology: nothing can be published to a queue that is not in it.
pub fn topology() -> Topology {
    [booking::PART, booking::TO_WAITING_ROOM].into_iter().collect()
}

pub const QUEUE: &Queue = &booking::BOOKING_REQUESTED;

#[derive(Clone, Debug)]
pub struct OnBookingRequested {
    pub store: BookingStore,
    pub publisher: Arc<dyn Publisher>,
    pub policy: HoldPolicy,
    pub clock: Arc<dyn Clock>,
}

/// A message's number in the batch, and what it asks for.
type Numbered = (usize, BookingRequest);

#[async_trait]
impl BatchHandler for OnBookingRequested {
    async fn handle_batch(&self, batch: &[Incoming]) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::Done; batch.len()];
        let mut sessions: BTreeMap<Uuid, Vec<Numbered>> = BTreeMap::new();
        for (number, (incoming, outcome)) in batch.iter().zip(&mut outcomes).enumerate() {
            match serde_json::from_slice::<BookingRequest>(&incoming.message.body) {
                Ok(request) => {
                    sessions.entry(request.session_id).or_default().push((number, request));
                }
                Err(error) => *outcome = Outcome::Poison(format!("not a request: {error}")),
            }
        }
        let booked = sessions.into_values().map(|requests| self.book_all(requests));
        for (number, came_to) in join_all(booked).await.into_iter().flatten() {
            if let Some(outcome) = outcomes.get_mut(number) {
                *outcome = came_to;
            }
        }
        outcomes
    }
}

impl OnBookingRequested {
    /// Those of one session, in their order.
    async fn book_all(&self, mut requests: Vec<Numbered>) -> Vec<(usize, Outcome)> {
        requests.sort_by_key(|(_, request)| request.number);
        let mut seen = book::Seen::default();
        let mut outcomes = Vec::with_capacity(requests.len());
        for (number, request) in requests {
            let outcome = match guarded(self.book(&request, &mut seen)).await {
                Ok(Ok(booked)) => self.tell(&request, booked).await,
                Ok(Err(error)) => Outcome::RetryLater(error.to_string()),
                Err(reason) => Outcome::RetryLater(reason),
            };
            outcomes.push((number, outcome));
        }
        outcomes
    }

    /// What was booked, everybody hears from the reservation's own event.
    async fn tell(&self, request: &BookingRequest, booked: book::Booked) -> Outcome {
        let place = request.place_id;
        let reason = match booked {
            book::Booked::Reserved(reservation) => {
                tracing::info!(%place, %reservation, "booked");
                return Outcome::Done;
            }
            book::Booked::Refused(reason) => reason,
        };
        tracing::info!(%place, reason, "refused");
        let refused = BookingRefused::of(request, reason);
        let outgoing = refused.outgoing("on-booking-requested");
        match self.publisher.publish(&[outgoing]).await.pop() {
            Some(Ok(())) => Outcome::Done,
            Some(Err(error)) => Outcome::RetryLater(error.to_string()),
            None => Outcome::RetryLater("the publisher did not say".into()),
        }
    }
}
