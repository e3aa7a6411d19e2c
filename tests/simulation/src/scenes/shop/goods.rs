//! What must hold of purchases and of what is counted, at each step.

use std::collections::BTreeMap;

use marquee_kernel::time::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::items::{self, CartStatus, Count, Entry, InvoiceStatus, Item, Purchase};
use crate::{
    aws::dynamodb::Change,
    watch::{Image, Oracle},
};

/// Watches purchases, histories, counters and views.
#[derive(Debug, Default)]
pub(super) struct Goods {
    counters: BTreeMap<(Uuid, u8), Count>,
}

impl Oracle for Goods {
    fn changed(&mut self, change: &Change, image: &Image, _: Timestamp) -> Result<(), String> {
        let record = &change.record["dynamodb"];
        let read = |item: &Value| match item {
            Value::Null => Ok(None),
            item => items::read(item).map(Some),
        };
        let (old, new) = (read(&record["OldImage"])?, read(&record["NewImage"])?);
        let told = format!("{old:?} -> {new:?}");
        self.look(old, new, image).map_err(|error| format!("{error}: {told}"))
    }
}

impl Goods {
    fn look(&mut self, old: Option<Item>, new: Option<Item>, image: &Image) -> Result<(), String> {
        match (old, new) {
            (Some(Item::Achievement(_) | Item::Payment), None) => Ok(()),
            (Some(_), None) => Err("what is on record stays there".into()),
            (None, Some(Item::Purchase(new))) => bought(&new, image),
            (Some(old @ (Item::Purchase(_) | Item::History(_))), Some(new)) if old != new => {
                Err("what has happened does not change".into())
            }
            (None, Some(Item::History(entry))) => owned(&entry, image),
            (old, Some(Item::Counter { game, shard, count })) => {
                let before = match old {
                    Some(Item::Counter { count, .. }) => count,
                    _ => Count::default(),
                };
                self.counters.insert((game, shard), count);
                counted(before, count)
            }
            (old, Some(Item::GameView { game, counts, .. })) => {
                let before = match old {
                    Some(Item::GameView { counts, .. }) => counts,
                    _ => Vec::new(),
                };
                self.viewed(game, &before, &counts)
            }
            (old, Some(Item::UserView { user, games, cents })) => {
                let (had, cost) = match old {
                    Some(Item::UserView { games, cents, .. }) => (games, cents),
                    _ => (0, 0),
                };
                match games >= had && cents >= cost {
                    true => Ok(()),
                    false => Err(format!("user {user} has less than before")),
                }
            }
            _ => Ok(()),
        }
    }

    /// A view says what its counters say or said, and goes forward.
    fn viewed(
        &self,
        game: Uuid,
        before: &[(u8, Count)],
        after: &[(u8, Count)],
    ) -> Result<(), String> {
        for (shard, count) in after {
            let counter = self.counters.get(&(game, *shard)).copied().unwrap_or_default();
            if count.version > counter.version
                || count.version == counter.version && *count != counter
            {
                return Err(format!("the view of game {game} says more than {counter:?}"));
            }
        }
        let later = |(shard, old): &(u8, Count)| {
            after.iter().any(|(of, new)| of == shard && new.version >= old.version)
        };
        match before.iter().all(later) {
            true => Ok(()),
            false => Err(format!("the view of game {game} goes back")),
        }
    }
}

/// Whoever has a game has paid for it, or got it from staff.
fn bought(purchase: &Purchase, image: &Image) -> Result<(), String> {
    let Purchase { user, line, number } = purchase;
    let cart = items::cart(image, *user);
    let Some(number) = number else {
        let is_paid_for = cart.as_ref().is_some_and(|cart| {
            cart.status.is_locked() && cart.lines.iter().any(|other| other.game == line.game)
        });
        return match is_paid_for {
            true => Err(format!("it is given to {user}, who pays for it: {cart:?}")),
            false => Ok(()),
        };
    };
    let cart = cart.ok_or("there is no cart")?;
    let invoice = items::invoice(image, *user, *number);
    let is_paid = invoice
        .is_some_and(|invoice| invoice.status == InvoiceStatus::Ok && invoice.lines.contains(line));
    let is_approved = cart.status == CartStatus::Approved
        || (cart.status, cart.stuck_in) == (CartStatus::Stuck, Some(CartStatus::Approved));
    match () {
        () if !is_paid => Err(format!("user {user} has not paid for it")),
        () if !is_approved || cart.number != *number || !cart.lines.contains(line) => {
            Err(format!("it is not bought by the cart {cart:?}"))
        }
        () => Ok(()),
    }
}

/// Only who has a game has a history with it.
fn owned(entry: &Entry, image: &Image) -> Result<(), String> {
    match items::purchase(image, entry.user, entry.game) {
        Some(_) => Ok(()),
        None => Err(format!("user {} does not have game {}", entry.user, entry.game)),
    }
}

/// One user or one achievement at a time.
fn counted(before: Count, after: Count) -> Result<(), String> {
    let (users, achievements) =
        (after.users - before.users, after.achievements - before.achievements);
    let is_step = matches!((users, achievements), (1, 0) | (0, 1 | -1));
    match is_step && after.version == before.version + 1 && after.achievements >= 0 {
        true => Ok(()),
        false => Err("it is not counted one by one".into()),
    }
}
