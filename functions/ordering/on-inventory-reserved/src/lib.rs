//! `on-inventory-reserved`: records that a student was told of a reservation.
//!
//! Consumes `inventory_reserved`. A message that is not an order event is poison. Everything else
//! is safe to see any number of times: an order has one notification, and the first stays.

use std::sync::Arc;

use async_trait::async_trait;
use marquee_domain::time::Clock;
use marquee_lambda::consumer::{MessageHandler, Outcome};
use marquee_messaging::{events::order::ReceivedOrder, message::Message};
use marquee_store::{error::StoreError, ordering::OrderingStore};

pub const QUEUE: &str = "inventory_reserved";

#[derive(Clone)]
pub struct OnInventoryReserved {
    pub store: OrderingStore,
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for OnInventoryReserved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnInventoryReserved").field("store", &self.store).finish_non_exhaustive()
    }
}

#[async_trait]
impl MessageHandler for OnInventoryReserved {
    async fn handle(&self, message: &Message) -> Outcome {
        let line = match ReceivedOrder::read(&message.body) {
            Ok(received) => received.line,
            Err(reason) => return Outcome::Poison(reason),
        };
        match self.store.notify(&line, self.clock.now()).await {
            Ok(first) => {
                tracing::info!(order = %line.id, first, "notified");
                Outcome::Done
            }
            // A defect may be mended and the message tried again from the dead letters.
            Err(StoreError::Unavailable(cause) | StoreError::Broken(cause)) => {
                Outcome::RetryLater(cause)
            }
        }
    }
}
