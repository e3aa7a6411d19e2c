//! `on-inventory-result`: tells an order what the inventory decided.
//!
//! Consumes `order_callback_reserved` and `order_callback_failed`; which of the two a message is
//! from says what was decided. One that is not an order event is poison. Everything else is safe to
//! see any number of times and in any order: only an order that still waits changes, and one that
//! orders-api never saw is none of its business.

use std::sync::Arc;

use async_trait::async_trait;
use marquee_kernel::time::Clock;
use marquee_lambda::consumer::{MessageHandler, Outcome};
use marquee_messaging::{message::Message, topology::Queue};
use marquee_ordering::{
    events::ReceivedOrder,
    store::OrderingStore,
    topology::{ORDER_CALLBACK_FAILED, ORDER_CALLBACK_RESERVED},
};
use marquee_ordering_domain::order::OrderStatus;

/// The queues, and what each makes of an order.
pub const RESULTS: [(&Queue, OrderStatus); 2] = [
    (&ORDER_CALLBACK_RESERVED, OrderStatus::Reserved),
    (&ORDER_CALLBACK_FAILED, OrderStatus::Failed),
];

#[derive(Clone, Debug)]
pub struct OnInventoryResult {
    pub store: OrderingStore,
    pub clock: Arc<dyn Clock>,
    pub status: OrderStatus,
}

#[async_trait]
impl MessageHandler for OnInventoryResult {
    async fn handle(&self, message: &Message) -> Outcome {
        let ReceivedOrder { line, reason } = match ReceivedOrder::read(&message.body) {
            Ok(received) => received,
            Err(reason) => return Outcome::Poison(reason),
        };
        // A reservation needs none, whatever the message says.
        let reason = reason.filter(|_| self.status == OrderStatus::Failed);
        let now = self.clock.now();
        match self.store.resolve(&line.id, self.status, reason.as_deref(), now).await {
            Ok(Ok(())) => tracing::info!(order = %line.id, status = %self.status, "resolved"),
            Ok(Err(Some(order))) => {
                let (is, said) = (order.status, self.status);
                tracing::info!(order = %line.id, %is, %said, "no longer waits");
            }
            Ok(Err(None)) => tracing::info!(order = %line.id, "not an order of ours"),
            // A defect may be mended and the message tried again from the dead letters.
            Err(error) => return Outcome::RetryLater(error.to_string()),
        }
        Outcome::Done
    }
}
