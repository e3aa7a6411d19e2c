//! What must hold of carts and invoices at each step: they go on as documented, and what is paid is what
//! the catalogue says.

use std::{collections::BTreeMap, time::Duration};

use marquee_kernel::time::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::items::{self, Cart, CartStatus, Invoice, InvoiceStatus, Item, Line};
use crate::{
    aws::dynamodb::Change,
    journal::Journal,
    watch::{Image, Oracle},
};

/// Watches carts and invoices.
#[derive(Debug)]
pub(super) struct Carts {
    pub(super) journal: Journal,
    /// How long a price may be on its way from the catalogue into a cart.
    pub(super) prices_last: Duration,
    /// How far the clocks of two machines may be apart.
    pub(super) clocks_apart: Duration,
    /// Prices of each game, the last one in force, each with the time at which it was replaced.
    pub(super) prices: BTreeMap<Uuid, Vec<(u64, Option<Timestamp>)>>,
}

impl Oracle for Carts {
    fn changed(&mut self, change: &Change, image: &Image, now: Timestamp) -> Result<(), String> {
        let record = &change.record["dynamodb"];
        if record["NewImage"].is_null() {
            return Ok(());
        }
        let before = match &record["OldImage"] {
            Value::Null => None,
            old => Some(items::read(old)?),
        };
        match (before, items::read(&record["NewImage"])?) {
            (_, Item::Game { game, cents, .. }) => {
                self.priced(game, cents, now);
                Ok(())
            }
            (before, Item::Cart(new)) => {
                let old =
                    before.and_then(|old| if let Item::Cart(old) = old { Some(old) } else { None });
                self.cart(old.as_ref(), &new, image, now)
                    .map_err(|error| format!("cart of {}: {error}: {old:?} -> {new:?}", new.user))
            }
            (before, Item::Invoice(new)) => {
                let told = format!("{before:?} -> {new:?}");
                let checked = match before {
                    Some(Item::Invoice(old)) => self.invoice(&old, &new, now),
                    _ => requested(&new, image),
                };
                let id = format!("{}-{}", new.user, new.number);
                checked.map_err(|error| format!("invoice {id}: {error}: {told}"))
            }
            _ => Ok(()),
        }
    }
}

impl Carts {
    fn priced(&mut self, game: Uuid, cents: u64, now: Timestamp) {
        let prices = self.prices.entry(game).or_default();
        if let Some((last, until)) = prices.last_mut() {
            if *last == cents {
                return;
            }
            *until = Some(now);
        }
        prices.push((cents, None));
    }

    fn cart(
        &self,
        old: Option<&Cart>,
        new: &Cart,
        image: &Image,
        now: Timestamp,
    ) -> Result<(), String> {
        use CartStatus::{Approved, Invoice, Open, Rejected, Stuck};
        let from = old.map_or(Open, |old| old.status);
        let number = old.map_or(0, |old| old.number);
        let (to, stuck_in) = (new.status, old.and_then(|old| old.stuck_in));
        let goes_on = match (from, to) {
            (Open, Open | Invoice) | (Rejected, Open | Invoice | Rejected) => true,
            (Invoice, Invoice | Approved | Rejected | Stuck) => true,
            (Approved, Approved | Open | Stuck) => true,
            (Stuck, Stuck) => true,
            (Stuck, Invoice | Approved) => stuck_in == Some(to),
            _ => false,
        };
        if !goes_on {
            return Err("it does not go on like this".into());
        }
        let begins = to == Invoice && matches!(from, Open | Rejected);
        if new.number != number + u32::from(begins) {
            return Err("its payments are not counted one by one".into());
        }
        let emptied = (from, to) == (Approved, Open);
        if from.is_locked() && !emptied && old.is_some_and(|old| old.lines != new.lines) {
            return Err("it is locked, and what is in it has changed".into());
        }
        if new.marked != to.waits() {
            return Err("it has its mark just while it waits".into());
        }
        match (from, to) {
            (Open | Rejected, Invoice) => self.begun(new, image, now),
            (Invoice, Approved) => decided(new, image, InvoiceStatus::Ok),
            (Invoice, Rejected) => {
                self.journal.done("carts rejected");
                decided(new, image, InvoiceStatus::Rejected)
            }
            (Invoice | Approved, Stuck) if new.stuck_in != Some(from) => {
                Err("it does not say where it got stuck".into())
            }
            (Invoice | Approved, Stuck) => {
                self.journal.done("carts stuck");
                Ok(())
            }
            (Approved, Open) => {
                self.journal.done("carts bought");
                old.map_or(Ok(()), |old| emptied_by(old, new, image))
            }
            _ => Ok(()),
        }
    }

    /// A payment begins: of games that the customer has not, at the catalogue's prices.
    fn begun(&self, cart: &Cart, image: &Image, now: Timestamp) -> Result<(), String> {
        if cart.lines.is_empty() {
            return Err("it is paid for, and empty".into());
        }
        for (n, Line { game, cents }) in cart.lines.iter().enumerate() {
            if cart.lines[..n].iter().any(|other| other.game == *game) {
                return Err(format!("game {game} is in it twice"));
            }
            if items::purchase(image, cart.user, *game).is_some() {
                return Err(format!("game {game} is theirs already"));
            }
            let fair = |(price, until): &(u64, Option<Timestamp>)| {
                price == cents && until.is_none_or(|until| until + self.prices_last >= now)
            };
            if !self.prices.get(game).is_some_and(|prices| prices.iter().any(fair)) {
                return Err(format!("game {game} is not sold for {cents} cents"));
            }
        }
        Ok(())
    }

    fn invoice(&self, old: &Invoice, new: &Invoice, now: Timestamp) -> Result<(), String> {
        use InvoiceStatus::{Ok as Paid, Process, Rejected, Wait};
        let is_same = |old: &Invoice, new: &Invoice| {
            old.lines == new.lines && old.cents == new.cents && old.payment == new.payment
        };
        if !is_same(old, new) {
            return Err("what is to be paid has changed".into());
        }
        let is_over = matches!(old.status, Paid | Rejected);
        match (old.status, new.status) {
            _ if is_over && old == new => Ok(()),
            _ if is_over => Err("it was decided".into()),
            _ if old.refused && (new.status == Paid || !new.refused) => {
                Err("it cannot be paid any more".into())
            }
            (Wait, Process) => Ok(()),
            (Process, Process) if old.by == new.by => Ok(()),
            (Process, Process) => match old.until {
                Some(until) if until > now.millis() + millis(self.clocks_apart) => {
                    Err("it is another's to process".into())
                }
                _ => Ok(()),
            },
            (Process, Wait | Paid | Rejected) if old.by == new.by => Ok(()),
            _ => Err("it does not go on like this".into()),
        }
    }
}

/// An invoice says what its cart says.
fn requested(invoice: &Invoice, image: &Image) -> Result<(), String> {
    let cart = items::cart(image, invoice.user).ok_or("there is no cart")?;
    let sum: u64 = invoice.lines.iter().map(|line| line.cents).sum();
    match () {
        () if invoice.status != InvoiceStatus::Wait => Err("it does not begin".into()),
        () if cart.number != invoice.number || !cart.status.is_locked() => {
            Err(format!("the cart does not wait for it: {cart:?}"))
        }
        () if cart.lines != invoice.lines || sum != invoice.cents => {
            Err(format!("it is about something else than the cart: {cart:?}"))
        }
        () => Ok(()),
    }
}

fn decided(cart: &Cart, image: &Image, status: InvoiceStatus) -> Result<(), String> {
    let found = items::invoice(image, cart.user, cart.number);
    match found {
        Some(invoice) if invoice.status == status => Ok(()),
        other => Err(format!("its invoice does not say so: {other:?}")),
    }
}

/// A cart is emptied when all that was in it is the customer's.
fn emptied_by(old: &Cart, new: &Cart, image: &Image) -> Result<(), String> {
    if !new.lines.is_empty() {
        return Err("it is not empty".into());
    }
    for line in &old.lines {
        let bought = items::purchase(image, old.user, line.game);
        if bought.as_ref().is_none_or(|it| it.number != Some(old.number) || it.line != *line) {
            return Err(format!("game {} was not handed over: {bought:?}", line.game));
        }
    }
    Ok(())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
