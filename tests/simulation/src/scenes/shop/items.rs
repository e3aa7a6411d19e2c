//! The shop's items, as they lie in the table.

use marquee_kernel::money::Money;
use serde_json::Value;
use strum::{Display, EnumString};
use uuid::Uuid;

use crate::watch::{Image, attribute};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString)]
#[strum(serialize_all = "UPPERCASE")]
pub(super) enum CartStatus {
    Open,
    Invoice,
    Approved,
    Rejected,
    Stuck,
}

impl CartStatus {
    /// Nobody may change what is in it.
    pub(super) fn is_locked(self) -> bool {
        matches!(self, Self::Stuck) || self.waits()
    }

    /// It goes on by itself.
    pub(super) fn waits(self) -> bool {
        matches!(self, Self::Invoice | Self::Approved)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString)]
#[strum(serialize_all = "UPPERCASE")]
pub(super) enum InvoiceStatus {
    Wait,
    Process,
    Ok,
    Rejected,
}

/// A game, and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) game: Uuid,
    pub(super) cents: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cart {
    pub(super) user: Uuid,
    pub(super) status: CartStatus,
    /// Of the last payment; 0 if there was none.
    pub(super) number: u32,
    pub(super) lines: Vec<Line>,
    pub(super) stuck_in: Option<CartStatus>,
    /// Whether `retry-carts` finds it.
    pub(super) marked: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Invoice {
    pub(super) user: Uuid,
    pub(super) number: u32,
    pub(super) status: InvoiceStatus,
    pub(super) lines: Vec<Line>,
    pub(super) cents: u64,
    /// The payment that the customer has named.
    pub(super) payment: Option<String>,
    pub(super) by: Option<Uuid>,
    pub(super) until: Option<i64>,
    pub(super) refused: bool,
}

impl Invoice {
    /// What the provider knows it by.
    pub(super) fn thing(&self) -> Uuid {
        Uuid::new_v5(&self.user, format!("invoice {}", self.number).as_bytes())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Purchase {
    pub(super) user: Uuid,
    pub(super) line: Line,
    /// Of the payment; `None` if staff has put it on record.
    pub(super) number: Option<u32>,
}

/// Something that belongs to a game and a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: Uuid,
    pub(super) game: Uuid,
    pub(super) shard: u8,
    pub(super) user: Uuid,
    /// Whether it says that they came to have the game.
    pub(super) bought: bool,
}

/// How many users and achievements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) version: i64,
    pub(super) users: i64,
    pub(super) achievements: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Cart(Cart),
    Invoice(Invoice),
    Purchase(Purchase),
    Game { game: Uuid, cents: u64, title: String, gone: bool },
    History(Entry),
    Achievement(Entry),
    Counter { game: Uuid, shard: u8, count: Count },
    GameView { game: Uuid, counts: Vec<(u8, Count)>, gone: bool },
    UserView { user: Uuid, games: i64, cents: i64 },
    Payment,
}

/// All of them, in the order of their keys.
pub(super) fn all(image: &Image) -> Result<Vec<Item>, String> {
    image.items("shop").map(read).collect()
}

pub(super) fn cart(image: &Image, user: Uuid) -> Option<Cart> {
    match read(image.item("shop", &format!("U#{user}"), "CART")?) {
        Ok(Item::Cart(cart)) => Some(cart),
        _ => None,
    }
}

pub(super) fn invoice(image: &Image, user: Uuid, number: u32) -> Option<Invoice> {
    let sort = format!("I#{:010}", u32::MAX - number);
    match read(image.item("shop", &format!("U#{user}"), &sort)?) {
        Ok(Item::Invoice(invoice)) => Some(invoice),
        _ => None,
    }
}

pub(super) fn purchase(image: &Image, user: Uuid, game: Uuid) -> Option<Purchase> {
    match read(image.item("shop", &format!("U#{user}"), &format!("B#{game}"))?) {
        Ok(Item::Purchase(purchase)) => Some(purchase),
        _ => None,
    }
}

/// # Errors
/// If it is nothing that the shop should have.
pub(super) fn read(item: &Value) -> Result<Item, String> {
    parse(item).ok_or_else(|| format!("no such item in a shop: {item}"))
}

fn parse(item: &Value) -> Option<Item> {
    let (partition, sort) = (attribute::text(item, "pk")?, attribute::text(item, "sk")?);
    let mut place = partition.split('#');
    let (kind, id) = (place.next()?, place.next()?);
    let uuid = || id.parse::<Uuid>().ok();
    let gone = !item["gone"].is_null();
    match (kind, sort.split('#').next()?) {
        ("U", "CART") => Some(Item::Cart(parse_cart(uuid()?, item)?)),
        ("U", "I") => Some(Item::Invoice(parse_invoice(uuid()?, sort, item)?)),
        ("U", "B") => {
            let game = sort.strip_prefix("B#")?.parse().ok()?;
            let line = Line { game, cents: cents(item, "price")? };
            let number = whole(item, "n");
            Some(Item::Purchase(Purchase { user: uuid()?, line, number }))
        }
        ("G", "G") => {
            let title = attribute::text(item, "title")?.to_owned();
            Some(Item::Game { game: uuid()?, cents: cents(item, "price")?, title, gone })
        }
        ("G", "N") => {
            Some(Item::Counter { game: uuid()?, shard: shard(place.next()?)?, count: count(item) })
        }
        ("G", "H") => {
            let bought = item["minutes"].is_null();
            Some(Item::History(entry(uuid()?, place.next()?, sort, item, bought)?))
        }
        ("G", "A") => Some(Item::Achievement(entry(uuid()?, place.next()?, sort, item, false)?)),
        ("V", "V") => {
            let of: Uuid = place.next()?.parse().ok()?;
            match id {
                "G" => {
                    let counts = item["counts"]["L"].as_array()?.iter().map(|count_of| {
                        let fields = &count_of["M"];
                        Some((whole(fields, "s")?, count(fields)))
                    });
                    let counts = counts.collect::<Option<_>>()?;
                    Some(Item::GameView { game: of, counts, gone })
                }
                _ => {
                    let number = |name| attribute::number(item, name);
                    Some(Item::UserView {
                        user: of,
                        games: number("games")?,
                        cents: number("cents")?,
                    })
                }
            }
        }
        ("P", "P") => Some(Item::Payment),
        _ => None,
    }
}

fn parse_cart(user: Uuid, item: &Value) -> Option<Cart> {
    Some(Cart {
        user,
        status: attribute::text(item, "status")?.parse().ok()?,
        number: whole(item, "n")?,
        lines: lines(item)?,
        stuck_in: attribute::text(item, "stuck_in").and_then(|status| status.parse().ok()),
        marked: !item["list"].is_null(),
    })
}

fn parse_invoice(user: Uuid, sort: &str, item: &Value) -> Option<Invoice> {
    let number = u32::MAX - sort.strip_prefix("I#")?.parse::<u32>().ok()?;
    Some(Invoice {
        user,
        number,
        status: attribute::text(item, "status")?.parse().ok()?,
        lines: lines(item)?,
        cents: cents(item, "bill")?,
        payment: attribute::text(item, "pay").map(str::to_owned),
        by: attribute::uuid(item, "by"),
        until: attribute::number(item, "until"),
        refused: !item["refused"].is_null(),
    })
}

fn lines(item: &Value) -> Option<Vec<Line>> {
    let Some(lines) = item["items"]["L"].as_array() else { return Some(Vec::new()) };
    let line = |line: &Value| {
        let fields = &line["M"];
        Some(Line { game: attribute::uuid(fields, "g")?, cents: cents(fields, "p")? })
    };
    lines.iter().map(line).collect()
}

fn entry(game: Uuid, of: &str, sort: &str, item: &Value, bought: bool) -> Option<Entry> {
    let id = sort.split_once('#')?.1.parse().ok()?;
    Some(Entry { id, game, shard: shard(of)?, user: attribute::uuid(item, "user")?, bought })
}

fn shard(text: &str) -> Option<u8> {
    u8::from_str_radix(text, 16).ok()
}

fn count(fields: &Value) -> Count {
    let number = |name| attribute::number(fields, name).unwrap_or_default();
    Count { version: number("v"), users: number("users"), achievements: number("achievements") }
}

fn whole<T: TryFrom<i64>>(item: &Value, name: &str) -> Option<T> {
    attribute::number(item, name)?.try_into().ok()
}

fn cents(item: &Value, name: &str) -> Option<u64> {
    item[name]["N"].as_str()?.parse::<Money>().ok().map(Money::cents)
}
