//! `on-invoice-result`: tells a cart what became of its invoice.
//!
//! Consumes `invoice_result`. A message that names no invoice is poison. Everything else is safe to see
//! any number of times: the invoice says what became of it, whatever the message says, and only a cart
//! that waits for it changes. If the last try fails, the cart is stuck.

use std::sync::Arc;

use async_trait::async_trait;
use marquee_kernel::time::Clock;
use marquee_lambda::consumer::{MessageHandler, Outcome};
use marquee_messaging::{message::Message, topology::Queue};
use marquee_shop::{events::InvoiceEvent, store::ShopStore};
use marquee_shop_domain::cart::CartStatus;

pub const QUEUE: &Queue = &marquee_shop::topology::INVOICE_RESULT;

#[derive(Clone, Debug)]
pub struct OnInvoiceResult {
    pub store: ShopStore,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl MessageHandler for OnInvoiceResult {
    async fn handle(&self, message: &Message) -> Outcome {
        let invoice = match InvoiceEvent::read(&message.body) {
            Ok(invoice) => invoice,
            Err(reason) => return Outcome::Poison(reason),
        };
        match self.store.take_up_result(invoice, self.clock.now()).await {
            Ok(told) => {
                tracing::info!(%invoice, told, "result");
                Outcome::Done
            }
            Err(error) => Outcome::RetryLater(error.to_string()),
        }
    }

    async fn give_up(&self, message: &Message, reason: &str) {
        let Ok(invoice) = InvoiceEvent::read(&message.body) else { return };
        let (from, now) = (CartStatus::Invoice, self.clock.now());
        let told = "the invoice's result could not be taken up";
        let stuck = self.store.mark_stuck(invoice, from, told, now).await;
        tracing::error!(%invoice, ?stuck, reason, "the cart is stuck");
    }
}
