//! What customers have.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, instant, item, number, text},
    table::{Change, Page, condition_failed, put_new},
};
use marquee_kernel::{ids::UserId, time::Timestamp};
use marquee_messaging::outbox::ATTRIBUTE;
use marquee_shop_domain::{
    cart::{Cart, CartItem, CartRefusal},
    game::Price,
    ids::{GameId, InvoiceId},
};
use uuid::Uuid;

use super::{
    ShopStore, TRIES_MAX,
    carts::{PAYMENTS, RESUMED},
    conflict, games, items, keys,
};
use crate::events::{EventType, PurchaseEvent};

const SINCE: &str = "since";
/// The number of the payment that it was bought by.
const NUMBER: &str = "n";

/// That a user has a game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    pub user: UserId,
    pub game: GameId,
    pub price: Price,
    /// `None` if somebody who works here has put it on record.
    pub invoice: Option<InvoiceId>,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GiveOutcome {
    Given,
    /// They have it.
    Owned,
    /// It is being paid for at this moment.
    InCart(CartRefusal),
}

impl ShopStore {
    /// Which of these games are sold and for how much, and which of them the user has, as it is now:
    /// one request, two read units for each game.
    pub(super) async fn sold_and_owned(
        &self,
        user: UserId,
        wanted: &[GameId],
    ) -> Result<(HashMap<GameId, Price>, HashSet<GameId>), StoreError> {
        let (mut sold, mut owned) = (HashMap::new(), HashSet::new());
        if wanted.is_empty() {
            return Ok((sold, owned));
        }
        let games = wanted.iter().map(|id| keys::game(*id));
        let purchases = wanted.iter().map(|id| keys::purchase(user, *id));
        for found in self.table.batch_get(games.chain(purchases).collect(), true).await? {
            if found.text(keys::SORT)? == keys::GAME {
                let known = games::read(&found)?;
                if !known.gone {
                    sold.insert(known.game.id, known.game.base_price);
                }
            } else {
                owned.insert(read(&found)?.game);
            }
        }
        Ok((sold, owned))
    }

    /// One consistent read.
    pub async fn purchase(
        &self,
        user: UserId,
        game: GameId,
    ) -> Result<Option<Purchase>, StoreError> {
        self.table.get(keys::purchase(user, game), true).await?.as_ref().map(read).transpose()
    }

    /// A page of what a user has, by game.
    pub async fn purchases(
        &self,
        user: UserId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<Purchase>, StoreError> {
        let (partition, limit) = (keys::partition_of_user(user), limit.try_into());
        let limit = limit.unwrap_or(i32::MAX);
        let (found, next) = self.table.query_page(&partition, keys::PURCHASE, limit, after).await?;
        Ok(Page { items: found.iter().map(read).collect::<Result<_, _>>()?, next })
    }

    /// How many games a user has, and what they cost together in cents. It reads all of them: a read
    /// unit for some forty.
    pub(super) async fn bought(&self, user: UserId) -> Result<(u64, u64), StoreError> {
        let partition = keys::partition_of_user(user);
        let found = self.table.query_all(&partition, keys::PURCHASE).await?;
        let mut cents = 0;
        for purchase in &found {
            cents += read(purchase)?.price.money().cents();
        }
        Ok((found.len().try_into().unwrap_or(u64::MAX), cents))
    }

    /// Puts on record that the customer has what the cart holds: a write unit for each game. The last
    /// one, which is written when all others are, tells of it.
    pub async fn record_purchases(&self, cart: &Cart, now: Timestamp) -> Result<(), StoreError> {
        let Some((last, others)) = cart.items.split_last() else { return Ok(()) };
        let purchase = |item: &CartItem| Purchase {
            user: cart.user,
            game: item.game,
            price: item.price,
            invoice: cart.invoice(),
            at: now,
        };
        let others = others.iter().map(|item| self.table.put_new(write(&purchase(item))));
        try_join_all(others).await?;
        let last = purchase(last);
        let known = self.table.put_new(telling(&last, cart.resumed)).await?.is_some();
        if known && cart.resumed > 0 {
            // It was told before, and nothing came of it: it is another event now.
            let event = event(&last, cart.resumed);
            let change = Change::default().set(ATTRIBUTE, event).only_with(keys::PARTITION);
            let _ = self.table.update(change.of(keys::purchase(last.user, last.game))).await?;
        }
        Ok(())
    }

    /// Puts on record that a user has a game, which nobody can then pay for: four write units.
    pub async fn give(&self, purchase: &Purchase) -> Result<GiveOutcome, StoreError> {
        for attempt in 0..TRIES_MAX {
            let seen = self.seen_cart(purchase.user).await?;
            let cart = &seen.cart;
            if cart.status.is_locked() && cart.find(purchase.game).is_some() {
                return Ok(GiveOutcome::InCart(CartRefusal::Locked(cart.status)));
            }
            // Whoever pays at this moment has read what the user has: the cart's version tells them
            // that it is not so any more.
            let mut change = Change::default()
                .set(items::VERSION, number(seen.version.unwrap_or_default() + 1))
                .only_if(items::VERSION, seen.version.map(number));
            if seen.version.is_none() {
                change = change
                    .set(items::STATUS, text(cart.status.into_str()))
                    .set(PAYMENTS, number(cart.payments))
                    .set(RESUMED, number(cart.resumed));
            }
            let change = change.of(keys::cart(purchase.user)).into_transact_item()?;
            let writes = vec![put_new(telling(purchase, 0))?, change];
            match self.table.transact(writes).await? {
                Ok(()) => return Ok(GiveOutcome::Given),
                Err(reasons) if condition_failed(reasons.first()) => {
                    match self.purchase(purchase.user, purchase.game).await? {
                        // An earlier attempt of this very request may have done it.
                        Some(earlier) if attempt > 0 && earlier == *purchase => {
                            return Ok(GiveOutcome::Given);
                        }
                        Some(_) => return Ok(GiveOutcome::Owned),
                        None => {}
                    }
                }
                Err(_) => {}
            }
        }
        Err(conflict("the cart"))
    }
}

fn write(purchase: &Purchase) -> Item {
    let Purchase { user, game, price, invoice, at } = purchase;
    let mut written = keys::purchase(*user, *game);
    written.extend(item([
        (items::PRICE, Some(items::price(*price))),
        (NUMBER, invoice.map(|invoice| number(invoice.number))),
        (SINCE, Some(instant(*at))),
    ]));
    written
}

/// With the event that tells of it, and of those that were written before it.
fn telling(purchase: &Purchase, resumed: u32) -> Item {
    let mut written = write(purchase);
    written.insert(ATTRIBUTE.to_owned(), event(purchase, resumed));
    written
}

/// The same each time, but for a cart that was resumed in between.
fn event(purchase: &Purchase, resumed: u32) -> AttributeValue {
    let Purchase { user, game, at, .. } = *purchase;
    let subject = Uuid::new_v5(&user.uuid(), game.uuid().as_bytes());
    let subject = Uuid::new_v5(&subject, &resumed.to_be_bytes());
    items::event(subject, EventType::PurchaseRecorded, &PurchaseEvent::new(user, game, at))
}

pub(super) fn read(item: &Item) -> Result<Purchase, StoreError> {
    let user = keys::id_in(item.text(keys::PARTITION)?, "U#").map(UserId::new);
    let user = user.ok_or_else(|| StoreError::unreadable("a purchase's user"))?;
    let game = keys::id_in(item.text(keys::SORT)?, keys::PURCHASE).map(GameId::new);
    let number = item.optional_number(NUMBER);
    Ok(Purchase {
        user,
        game: game.ok_or_else(|| StoreError::unreadable("a purchase's game"))?,
        price: items::read_price(item, items::PRICE)?,
        invoice: number.map(|number| InvoiceId { user, number }),
        at: item.instant(SINCE)?,
    })
}
