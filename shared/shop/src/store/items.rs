//! What several kinds of items have in common: names of attributes, prices, events.

use aws_sdk_dynamodb::types::AttributeValue;
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, list, map, number, text, uuid},
    outbox,
};
use marquee_messaging::outbox::OutboxEvent;
use marquee_payments_domain::charge::PaymentId;
use marquee_shop_domain::{cart::CartItem, game::Price, ids::GameId, means::Means};
use serde::Serialize;
use uuid::Uuid;

use crate::events::EventType;

pub(super) const STATUS: &str = "status";
pub(super) const REASON: &str = "why";
pub(super) const UPDATED: &str = "updated";
pub(super) const ITEMS: &str = "items";
pub(super) const PRICE: &str = "price";
pub(super) const TITLE: &str = "title";
pub(super) const TRIES: &str = "tries";
/// Which write an item has seen last.
pub(super) const VERSION: &str = "v";
const PAYMENT: &str = "pay";
const METHOD: &str = "method";
const GAME: &str = "g";
const COST: &str = "p";

pub(super) fn price(price: Price) -> AttributeValue {
    number(price.money())
}

pub(super) fn read_price(item: &Item, name: &str) -> Result<Price, StoreError> {
    Price::new(item.number(name)?).map_err(|_| StoreError::unreadable(name))
}

/// The games of a cart or an invoice.
pub(super) fn games(items: &[CartItem]) -> AttributeValue {
    let game = |item: &CartItem| {
        map([(GAME, Some(uuid(item.game.uuid()))), (COST, Some(price(item.price)))])
    };
    list(items.iter().map(game))
}

pub(super) fn read_games(item: &Item) -> Result<Vec<CartItem>, StoreError> {
    let game = |value: &AttributeValue| {
        let item = value.as_m().map_err(|_| StoreError::unreadable(ITEMS))?;
        Ok(CartItem { game: GameId::new(item.uuid(GAME)?), price: read_price(item, COST)? })
    };
    item.list(ITEMS).iter().map(game).collect()
}

/// How a payment is made, as attributes.
pub(super) fn means(means: &Means) -> [(&'static str, Option<AttributeValue>); 2] {
    let payment = means.payment.as_ref().map(|payment| text(payment.as_str()));
    [(PAYMENT, payment), (METHOD, means.method.as_deref().map(text))]
}

pub(super) fn read_means(item: &Item) -> Result<Means, StoreError> {
    let payment = item.optional_text(PAYMENT).map(str::parse::<PaymentId>).transpose();
    Ok(Means {
        payment: payment.map_err(|_| StoreError::unreadable(PAYMENT))?,
        method: item.optional_text(METHOD).map(str::to_owned),
    })
}

/// An event that happens to its subject once, for the item that causes it.
pub(super) fn event(subject: Uuid, kind: EventType, body: &impl Serialize) -> AttributeValue {
    outbox::attribute(&OutboxEvent::once(subject, kind.routing_key(), body))
}
