//! Carts, as customers change them: read, decided about, and written if nobody else has written since.

use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, instant, number, text},
    table::Change,
};
use marquee_kernel::{ids::UserId, time::Timestamp};
use marquee_messaging::outbox::ATTRIBUTE;
use marquee_shop_domain::{
    cart::{Cart, CartItem, CartRefusal, CartStatus, Payment},
    ids::GameId,
    means::Means,
};
use uuid::Uuid;

use super::{ShopStore, TRIES_MAX, conflict, items, keys};
use crate::events::{EventType, InvoiceEvent};

/// How many payments there were.
pub(super) const PAYMENTS: &str = "n";
pub(super) const STUCK_IN: &str = "stuck_in";
pub(super) const RESUMED: &str = "resumed";

/// A cart, and which write it has seen last: `None` if nobody has written one.
#[derive(Clone, Debug)]
pub(super) struct SeenCart {
    pub(super) cart: Cart,
    pub(super) version: Option<u64>,
}

impl ShopStore {
    /// One consistent read. The cart of whoever has none yet is empty.
    pub async fn cart(&self, user: UserId) -> Result<Cart, StoreError> {
        self.seen_cart(user).await.map(|seen| seen.cart)
    }

    pub(super) async fn seen_cart(&self, user: UserId) -> Result<SeenCart, StoreError> {
        match self.table.get(keys::cart(user), true).await? {
            Some(item) => read(&item),
            None => Ok(SeenCart { cart: Cart::empty(user), version: None }),
        }
    }

    /// Puts a game into a cart, once. One read unit and one write unit; nothing is written if it is in
    /// there.
    pub async fn put_in_cart(
        &self,
        user: UserId,
        item: CartItem,
        now: Timestamp,
    ) -> Result<Result<Cart, CartRefusal>, StoreError> {
        let changed = self.change_cart(user, now, |cart| cart.with(item), |_| Change::default());
        Ok(changed.await?.map(|(cart, _)| cart))
    }

    /// Takes a game out of a cart; `false` if it was not in there.
    pub async fn take_from_cart(
        &self,
        user: UserId,
        game: GameId,
        now: Timestamp,
    ) -> Result<Result<bool, CartRefusal>, StoreError> {
        let changed = self.change_cart(user, now, |cart| cart.without(game), |_| Change::default());
        Ok(changed.await?.map(|(_, changed)| changed))
    }

    /// Goes on with a cart that is stuck.
    pub async fn resume_cart(
        &self,
        user: UserId,
        wanted: CartStatus,
        now: Timestamp,
    ) -> Result<Result<(), CartRefusal>, StoreError> {
        let step = match wanted {
            CartStatus::Approved => EventType::CartApproved,
            _ => EventType::InvoiceRequested,
        };
        let more = |next: &Cart| on_its_way(next, step, now);
        Ok(self.change_cart(user, now, |cart| cart.resume(wanted), more).await?.map(drop))
    }

    /// The cart as it is then, and whether this has changed it.
    async fn change_cart(
        &self,
        user: UserId,
        now: Timestamp,
        change: impl Fn(&Cart) -> Result<Option<Cart>, CartRefusal>,
        more: impl Fn(&Cart) -> Change,
    ) -> Result<Result<(Cart, bool), CartRefusal>, StoreError> {
        for attempt in 0..TRIES_MAX {
            let seen = self.seen_cart(user).await?;
            let next = match change(&seen.cart) {
                Ok(Some(next)) => next,
                // An earlier attempt may have done it, and its answer was lost.
                Ok(None) => return Ok(Ok((seen.cart, attempt > 0))),
                Err(refusal) => return Ok(Err(refusal)),
            };
            if self.write_cart(&seen, &next, now, more(&next)).await? {
                return Ok(Ok((next, true)));
            }
        }
        Err(conflict("the cart"))
    }

    /// Begins a payment, at the prices of now, for games that the customer has not: two write units,
    /// one of them for the mark by which it is noticed if it goes no further, and a read unit for the
    /// cart and two for each game.
    pub async fn pay(
        &self,
        user: UserId,
        means: &Means,
        now: Timestamp,
    ) -> Result<Result<(), CartRefusal>, StoreError> {
        let mut tried = None;
        for _ in 0..TRIES_MAX {
            let seen = self.seen_cart(user).await?;
            if tried.is_some_and(|number| seen.cart.payments >= number) {
                // This payment or another of the same moment has begun, whatever has come of it.
                return Ok(Ok(()));
            }
            let wanted: Vec<_> = seen.cart.items.iter().map(|item| item.game).collect();
            let (sold, owned) = self.sold_and_owned(user, &wanted).await?;
            let price = |game: GameId| sold.get(&game).copied();
            let next = match seen.cart.pay(means.clone(), price, |game| owned.contains(&game)) {
                Ok(Payment::Begins(next)) => next,
                Ok(Payment::UnderWay) => return Ok(Ok(())),
                Err(refusal) => return Ok(Err(refusal)),
            };
            let more = on_its_way(&next, EventType::InvoiceRequested, now);
            if self.write_cart(&seen, &next, now, more).await? {
                return Ok(Ok(()));
            }
            tried = Some(next.payments);
        }
        Err(conflict("the cart"))
    }

    /// Writes a cart, and whatever else of its item changes; `false` if somebody has written since.
    async fn write_cart(
        &self,
        seen: &SeenCart,
        next: &Cart,
        now: Timestamp,
        more: Change,
    ) -> Result<bool, StoreError> {
        let mut change = more
            .set(items::STATUS, text(next.status.into_str()))
            .set(items::ITEMS, items::games(&next.items))
            .set(PAYMENTS, number(next.payments))
            .set(RESUMED, number(next.resumed))
            .set(items::UPDATED, instant(now))
            .put(items::REASON, next.reason.as_deref().map(text))
            .put(STUCK_IN, next.stuck_in.map(|status| text(status.into_str())))
            .set(items::VERSION, number(seen.version.unwrap_or_default() + 1))
            .only_if(items::VERSION, seen.version.map(number));
        for (name, value) in items::means(&next.means) {
            change = change.put(name, value);
        }
        Ok(self.table.update(change.of(keys::cart(next.user))).await?.is_ok())
    }
}

/// What else changes of a cart that begins its way, or goes on: its event, and the mark by which it is
/// found if nothing comes of it.
fn on_its_way(cart: &Cart, step: EventType, now: Timestamp) -> Change {
    let user = cart.user;
    let event = cart.invoice().map(|invoice| {
        // Resumed, it is another event.
        let subject = Uuid::new_v5(&invoice.uuid(), &cart.resumed.to_be_bytes());
        items::event(subject, step, &InvoiceEvent::new(step, invoice, now))
    });
    Change::default()
        .put(ATTRIBUTE, event)
        .set(keys::LIST, text(keys::WAITING.of(user.uuid())))
        .set(keys::AT, text(keys::position(now, user)))
        .remove(items::TRIES)
}

pub(super) fn read(item: &Item) -> Result<SeenCart, StoreError> {
    let user = keys::id_in(item.text(keys::PARTITION)?, "U#").map(UserId::new);
    let stuck_in = item.optional_text(STUCK_IN).map(str::parse).transpose();
    let cart = Cart {
        user: user.ok_or_else(|| StoreError::unreadable("a cart's user"))?,
        items: items::read_games(item)?,
        status: item.parsed(items::STATUS)?,
        payments: item.number(PAYMENTS)?,
        means: items::read_means(item)?,
        reason: item.optional_text(items::REASON).map(str::to_owned),
        stuck_in: stuck_in.map_err(|_| StoreError::unreadable(STUCK_IN))?,
        resumed: item.number(RESUMED)?,
        updated_at: item.instant(items::UPDATED).ok(),
    };
    Ok(SeenCart { cart, version: Some(item.number(items::VERSION)?) })
}
