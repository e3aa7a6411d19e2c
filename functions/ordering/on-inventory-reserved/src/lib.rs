//! `on-inventory-reserved`: records that a student was told of a reservation.
//!
//! Consumes `inventory_reserved`. A message that is not an order event is poison. Everything else
//! is safe to see any number of times: an order has one notification, and the first stays.

use std::sync::Arc;

use async_trait::async_trait;
use marquee_kernel::time::Clock;
use marquee_lambda::consumer::{MessageHandler, Outcome};
use marquee_messaging::{message::Message, topology::Queue};
use marquee_ordering::{events::ReceivedOrder, store::OrderingStore};

pub const QUEUE: &Queue = &marquee_ordering::topology::INVENTORY_RESERVED;

#[derive(Clone, Debug)]
pub struct OnInventoryReserved {
    pub store: OrderingStore,
    pub clock: Arc<dyn Clock>,
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
            Err(error) => Outcome::RetryLater(error.to_string()),
        }
    }
}
