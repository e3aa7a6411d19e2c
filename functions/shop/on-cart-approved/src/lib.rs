//! `on-cart-approved`: records what a customer has bought.
//!
//! Consumes `cart_approved`. A message that names no invoice is poison. Everything else is safe to see
//! any number of times: the cart says what was paid for, and a user has a game once. If the last try
//! fails, the cart is stuck.

use std::sync::Arc;

use async_trait::async_trait;
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::Clock;
use marquee_lambda::consumer::{MessageHandler, Outcome};
use marquee_messaging::{message::Message, topology::Queue};
use marquee_shop::{events::InvoiceEvent, store::ShopStore};
use marquee_shop_domain::{cart::CartStatus, ids::InvoiceId};

pub const QUEUE: &Queue = &marquee_shop::topology::CART_APPROVED;

#[derive(Clone, Debug)]
pub struct OnCartApproved {
    pub store: ShopStore,
    pub clock: Arc<dyn Clock>,
}

impl OnCartApproved {
    async fn record(&self, invoice: InvoiceId) -> Result<(), StoreError> {
        let cart = self.store.cart(invoice.user).await?;
        if cart.status != CartStatus::Approved || cart.invoice() != Some(invoice) {
            tracing::info!(%invoice, status = %cart.status, "the cart is not approved by it");
            return Ok(());
        }
        self.store.record_purchases(&cart, self.clock.now()).await?;
        tracing::info!(%invoice, games = cart.items.len(), "recorded");
        Ok(())
    }
}

#[async_trait]
impl MessageHandler for OnCartApproved {
    async fn handle(&self, message: &Message) -> Outcome {
        let invoice = match InvoiceEvent::read(&message.body) {
            Ok(invoice) => invoice,
            Err(reason) => return Outcome::Poison(reason),
        };
        match self.record(invoice).await {
            Ok(()) => Outcome::Done,
            Err(error) => Outcome::RetryLater(error.to_string()),
        }
    }

    async fn give_up(&self, message: &Message, reason: &str) {
        let Ok(invoice) = InvoiceEvent::read(&message.body) else { return };
        let (from, now) = (CartStatus::Approved, self.clock.now());
        let told = "the purchases could not be recorded";
        let stuck = self.store.mark_stuck(invoice, from, told, now).await;
        tracing::error!(%invoice, ?stuck, reason, "the cart is stuck");
    }
}
