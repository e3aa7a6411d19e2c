//! `on-purchase-recorded`: writes purchases into the games' own histories, and then empties the cart
//! that they were bought with.
//!
//! Consumes `purchase_recorded`. A message that names no purchase is poison. Everything else is safe to
//! see any number of times: a purchase that is not on record is none, a game's history has a user once,
//! and only a cart that was approved by that payment is emptied. A game that is not in the shop any more
//! has no history to write into: that is tried again, and if the last try fails, the cart is stuck.

use std::sync::Arc;

use async_trait::async_trait;
use marquee_dynamo::error::StoreError;
use marquee_kernel::{ids::UserId, time::Clock};
use marquee_lambda::consumer::{MessageHandler, Outcome};
use marquee_messaging::{message::Message, topology::Queue};
use marquee_shop::{events::PurchaseEvent, store::ShopStore};
use marquee_shop_domain::{cart::CartStatus, ids::GameId};

pub const QUEUE: &Queue = &marquee_shop::topology::PURCHASE_RECORDED;

#[derive(Clone, Debug)]
pub struct OnPurchaseRecorded {
    pub store: ShopStore,
    pub clock: Arc<dyn Clock>,
}

impl OnPurchaseRecorded {
    /// `Err` says why it could not be done now, in words for the customer.
    async fn hand_over(&self, user: UserId, game: GameId) -> Result<(), String> {
        let failed = |error: StoreError| {
            tracing::warn!(%error, "storage failed");
            "the purchases could not be handed over".to_owned()
        };
        let Some(purchase) = self.store.purchase(user, game).await.map_err(failed)? else {
            tracing::info!(%game, "no such purchase");
            return Ok(());
        };
        let mut games = vec![game];
        if let Some(invoice) = purchase.invoice {
            let cart = self.store.cart(user).await.map_err(failed)?;
            let waits = cart.status == CartStatus::Approved && cart.invoice() == Some(invoice);
            // The last purchase is written when all others are.
            if !waits || cart.items.last().map(|last| last.game) != Some(game) {
                tracing::info!(%invoice, status = %cart.status, "the cart does not wait for it");
                return Ok(());
            }
            games = cart.items.iter().map(|item| item.game).collect();
        }
        let known = self.store.known_games(games.iter().copied()).await.map_err(failed)?;
        for id in &games {
            if known.get(id).is_none_or(|known| known.gone) {
                return Err(format!("game {id} is not in the shop any more"));
            }
        }
        self.store.record_user(user, &games, purchase.at).await.map_err(failed)?;
        if let Some(invoice) = purchase.invoice {
            let emptied = self.store.empty_cart(invoice, self.clock.now()).await;
            tracing::info!(%invoice, emptied = emptied.map_err(failed)?, "handed over");
        }
        Ok(())
    }
}

#[async_trait]
impl MessageHandler for OnPurchaseRecorded {
    async fn handle(&self, message: &Message) -> Outcome {
        let (user, game) = match PurchaseEvent::read(&message.body) {
            Ok(purchase) => purchase,
            Err(reason) => return Outcome::Poison(reason),
        };
        match self.hand_over(user, game).await {
            Ok(()) => Outcome::Done,
            Err(reason) => Outcome::RetryLater(reason),
        }
    }

    async fn give_up(&self, message: &Message, reason: &str) {
        let Ok((user, game)) = PurchaseEvent::read(&message.body) else { return };
        let Ok(Some(purchase)) = self.store.purchase(user, game).await else { return };
        let Some(invoice) = purchase.invoice else { return };
        let (from, now) = (CartStatus::Approved, self.clock.now());
        let stuck = self.store.mark_stuck(invoice, from, reason, now).await;
        tracing::error!(%invoice, ?stuck, reason, "the cart is stuck");
    }
}
