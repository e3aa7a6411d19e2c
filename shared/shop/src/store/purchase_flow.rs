//! A cart's steps, as the events of its payment bring them about. Each happens once: it has the status
//! that the cart must come from, and the payment's number, for its condition.

use marquee_dynamo::{
    error::StoreError,
    item::{instant, list, number, text},
    table::Change,
};
use marquee_kernel::time::Timestamp;
use marquee_messaging::outbox::ATTRIBUTE;
use marquee_shop_domain::{cart::CartStatus, ids::InvoiceId, invoice::InvoiceStatus};

use super::{
    ShopStore,
    carts::{PAYMENTS, STUCK_IN},
    items, keys,
};
use crate::events::{EventType, InvoiceEvent};

impl ShopStore {
    /// Tells a cart what became of its invoice; `false` if there is no such invoice, it is still open, or
    /// the cart does not wait for it. One read unit and one write unit, or two.
    pub async fn take_up_result(&self, id: InvoiceId, now: Timestamp) -> Result<bool, StoreError> {
        let Some(invoice) = self.invoice(id).await? else { return Ok(false) };
        match invoice.status {
            InvoiceStatus::Ok => self.approve_cart(id, now).await,
            InvoiceStatus::Rejected => {
                let reason = invoice.reason.as_deref().unwrap_or("the payment came to nothing");
                self.reject_cart(id, reason, now).await
            }
            InvoiceStatus::Wait | InvoiceStatus::Process => Ok(false),
        }
    }

    /// The invoice is paid: the cart becomes `APPROVED`; `false` if it did not wait for that. One write
    /// unit.
    async fn approve_cart(&self, invoice: InvoiceId, now: Timestamp) -> Result<bool, StoreError> {
        let event = InvoiceEvent::new(EventType::CartApproved, invoice, now);
        let event = items::event(invoice.uuid(), EventType::CartApproved, &event);
        // Another step, which may be tried as often.
        let step = step(CartStatus::Approved, now).set(ATTRIBUTE, event).remove(items::TRIES);
        self.take_step(invoice, CartStatus::Invoice, step).await
    }

    /// The invoice came to nothing: the cart is the customer's again, with all that is in it. Two write
    /// units, one of them for the mark.
    async fn reject_cart(
        &self,
        invoice: InvoiceId,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let step = unmarked(step(CartStatus::Rejected, now)).set(items::REASON, text(reason));
        self.take_step(invoice, CartStatus::Invoice, step).await
    }

    /// Everything is handed over: the cart is empty and open. Two write units, one of them for the
    /// mark.
    pub async fn empty_cart(&self, invoice: InvoiceId, now: Timestamp) -> Result<bool, StoreError> {
        let step = unmarked(step(CartStatus::Open, now)).set(items::ITEMS, list([]));
        self.take_step(invoice, CartStatus::Approved, step).await
    }

    /// The cart cannot go on from `from`, where it still is.
    pub async fn mark_stuck(
        &self,
        invoice: InvoiceId,
        from: CartStatus,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let step = unmarked(step(CartStatus::Stuck, now))
            .set(items::REASON, text(reason))
            .copy(STUCK_IN, items::STATUS);
        self.take_step(invoice, from, step).await
    }

    async fn take_step(
        &self,
        invoice: InvoiceId,
        from: CartStatus,
        step: Change,
    ) -> Result<bool, StoreError> {
        let step = step
            .only_if(items::STATUS, Some(text(from.into_str())))
            .only_if(PAYMENTS, Some(number(invoice.number)));
        Ok(self.table.update(step.of(keys::cart(invoice.user))).await?.is_ok())
    }
}

/// To another status. Whoever changes the cart by what they have read notices it.
fn step(to: CartStatus, now: Timestamp) -> Change {
    Change::default()
        .set(items::STATUS, text(to.into_str()))
        .set(items::UPDATED, instant(now))
        .add(items::VERSION, 1)
}

/// The cart waits for nothing any more.
fn unmarked(step: Change) -> Change {
    step.remove(keys::LIST).remove(keys::AT).remove(items::TRIES)
}
