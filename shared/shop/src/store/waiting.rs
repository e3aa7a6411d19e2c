//! Carts that wait for a step which does not come.

use std::time::Duration;

use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, number, text},
    outbox,
    table::{Change, list::List},
};
use marquee_kernel::time::Timestamp;
use marquee_messaging::outbox::{ATTRIBUTE, OutboxEvent};
use marquee_shop_domain::{
    cart::{Cart, CartStatus},
    ids::InvoiceId,
};

use super::{ShopStore, carts, carts::PAYMENTS, invoices, items, keys};

/// A cart that has waited for long.
#[derive(Clone, Debug)]
pub struct WaitingCart {
    pub invoice: InvoiceId,
    pub status: CartStatus,
    /// How often what it waits for was published again.
    pub tries: u32,
    pub awaits: Awaits,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Awaits {
    /// The invoice, which is being processed.
    Invoice,
    /// This event, or what it leads to.
    Event(OutboxEvent),
    /// An event that cannot be read.
    Unreadable,
}

impl ShopStore {
    /// Up to `count` carts on their way that nobody has looked at for that long, and whether there may
    /// be more: one query for each of four partitions, and two read units for each cart.
    pub async fn waiting_carts(
        &self,
        now: Timestamp,
        waited: Duration,
        count: usize,
    ) -> Result<(Vec<WaitingCart>, bool), StoreError> {
        let to = Some(keys::until(now - waited));
        let list = List { to, ..keys::WAITING.listed() };
        let entries = self.table.entries(&list, None, count).await?;
        let more = entries.len() == count;
        let wanted = entries.into_iter().map(|entry| entry.key).collect();
        let mut waiting = Vec::new();
        for item in self.table.batch_get(wanted, true).await? {
            let cart = carts::read(&item)?.cart;
            let (true, Some(invoice)) = (cart.status.is_locked(), cart.invoice()) else { continue };
            waiting.push(WaitingCart {
                invoice,
                status: cart.status,
                tries: item.optional_number(items::TRIES).unwrap_or_default(),
                awaits: self.awaited(&item, &cart, invoice).await?,
            });
        }
        Ok((waiting, more))
    }

    /// What the cart waits for: the event of what was written last of its payment.
    async fn awaited(
        &self,
        item: &Item,
        cart: &Cart,
        invoice: InvoiceId,
    ) -> Result<Awaits, StoreError> {
        let later = match (cart.status, cart.items.last()) {
            (CartStatus::Approved, Some(last)) => {
                self.table.get(keys::purchase(cart.user, last.game), true).await?
            }
            _ => self.table.get(keys::invoice(invoice), true).await?,
        };
        if cart.status == CartStatus::Invoice
            && let Some(invoice) = &later
            && invoices::read(invoice)?.status.is_open()
        {
            return Ok(Awaits::Invoice);
        }
        let event = [later.as_ref(), Some(item)].into_iter().flatten();
        let event = event.filter_map(|item| item.optional_map(ATTRIBUTE)).next();
        Ok(match event.map(outbox::read) {
            Some(Ok(event)) => Awaits::Event(event),
            Some(Err(_)) | None => Awaits::Unreadable,
        })
    }

    /// Notes that a waiting cart was looked at, and how often what it waits for was published again.
    /// Three write units, two of them for the list.
    pub async fn note_look(
        &self,
        waiting: &WaitingCart,
        tries: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let user = waiting.invoice.user;
        let change = Change::default()
            .set(keys::AT, text(keys::position(now, user)))
            .set(items::TRIES, number(tries))
            .only_if(items::STATUS, Some(text(waiting.status.into_str())))
            .only_if(PAYMENTS, Some(number(waiting.invoice.number)));
        self.table.update(change.of(keys::cart(user))).await.map(drop)
    }
}
