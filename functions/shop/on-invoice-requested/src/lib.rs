//! `on-invoice-requested`: puts the invoice of a cart's payment on record, to be processed.
//!
//! Consumes `invoice_requested`. A message that names no invoice is poison. Everything else is safe to
//! see any number of times: the cart says what is to be paid, and a payment has one invoice. If the last
//! try fails, the cart is stuck.

use std::sync::Arc;

use async_trait::async_trait;
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::Clock;
use marquee_lambda::consumer::{MessageHandler, Outcome};
use marquee_messaging::{message::Message, topology::Queue};
use marquee_shop::{events::InvoiceEvent, store::ShopStore};
use marquee_shop_domain::{cart::CartStatus, ids::InvoiceId};

pub const QUEUE: &Queue = &marquee_shop::topology::INVOICE_REQUESTED;

#[derive(Clone, Debug)]
pub struct OnInvoiceRequested {
    pub store: ShopStore,
    pub clock: Arc<dyn Clock>,
}

impl OnInvoiceRequested {
    async fn request(&self, invoice: InvoiceId) -> Result<(), StoreError> {
        let cart = self.store.cart(invoice.user).await?;
        if cart.status != CartStatus::Invoice || cart.invoice() != Some(invoice) {
            tracing::info!(%invoice, status = %cart.status, "the cart does not wait for it");
            return Ok(());
        }
        let now = self.clock.now();
        let first = self.store.request_invoice(&cart, now).await?;
        tracing::info!(%invoice, first, "requested");
        if !first && cart.resumed > 0 {
            // It may have been decided, and the cart got stuck before it heard of that.
            self.store.take_up_result(invoice, now).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl MessageHandler for OnInvoiceRequested {
    async fn handle(&self, message: &Message) -> Outcome {
        let invoice = match InvoiceEvent::read(&message.body) {
            Ok(invoice) => invoice,
            Err(reason) => return Outcome::Poison(reason),
        };
        match self.request(invoice).await {
            Ok(()) => Outcome::Done,
            Err(error) => Outcome::RetryLater(error.to_string()),
        }
    }

    async fn give_up(&self, message: &Message, reason: &str) {
        let Ok(invoice) = InvoiceEvent::read(&message.body) else { return };
        let (from, now) = (CartStatus::Invoice, self.clock.now());
        let told = "no invoice could be put on record";
        let stuck = self.store.mark_stuck(invoice, from, told, now).await;
        tracing::error!(%invoice, ?stuck, reason, "the cart is stuck");
    }
}
