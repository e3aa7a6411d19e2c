//! What must hold at each step: the stock adds up, and an order goes one way only.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use marquee_kernel::time::{Clock, Timestamp};
use serde_json::Value;

use super::timeline::Timeline;
use crate::{
    aws::dynamodb::Change,
    clock::WorldClock,
    watch::{Image, Oracle, attribute},
};

/// The statuses from which an order may come to another.
const STEPS: &[(Option<&str>, &str)] = &[
    (None, "PLACED"),
    (Some("PLACED"), "RESERVED"),
    (Some("PLACED"), "FAILED"),
    (Some("PLACED"), "CANCELLED"),
    (Some("RESERVED"), "CANCELLED"),
];
/// The same for the inventory's record of an order.
const OUTCOMES: &[(Option<&str>, &str)] =
    &[(None, "reserved"), (None, "failed"), (None, "withdrawn"), (Some("reserved"), "returned")];
/// Statuses, and outcomes that go with them once a transaction is over.
const PAIRS: &[(Option<&str>, Option<&str>)] = &[
    (None, None),
    (None, Some("reserved")),
    (None, Some("failed")),
    (Some("PLACED"), None),
    (Some("PLACED"), Some("reserved")),
    (Some("PLACED"), Some("failed")),
    (Some("RESERVED"), Some("reserved")),
    (Some("FAILED"), Some("failed")),
    (Some("CANCELLED"), Some("returned")),
    (Some("CANCELLED"), Some("withdrawn")),
];

/// Stock, as its item has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stock {
    pub(super) available: i64,
    pub(super) reserved: i64,
}

impl Stock {
    pub(super) fn of(item: &Value) -> Option<Self> {
        let number = |name| attribute::number(item, name);
        Some(Self { available: number("available")?, reserved: number("reserved")? })
    }
}

/// What the database has shown so far, and what staff have asked for: for clients and the oracle.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    clock: WorldClock,
    pages: Arc<Mutex<Pages>>,
}

#[derive(Debug, Default)]
struct Pages {
    /// Of each order.
    statuses: Timeline<String>,
    /// Of each item.
    stock: Timeline<Stock>,
    /// Items and counts that staff have sent, and that have not come in yet.
    sent: Vec<(String, i64)>,
}

impl Seen {
    pub(super) fn new(clock: WorldClock) -> Self {
        Self { clock, pages: Arc::default() }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Staff are about to set an item's stock, once.
    pub(super) fn sends(&self, item: &str, count: i64) {
        self.pages().sent.push((item.to_owned(), count));
    }

    /// Whether an order had this status, or was unknown, between then and now.
    pub(super) fn had_status(&self, order: &str, since: Timestamp, status: Option<&str>) -> bool {
        let within = (since, self.now());
        self.pages().statuses.had(order, within, |had| had.map(String::as_str) == status)
    }

    /// Whether there is such an order.
    pub(super) fn knows(&self, order: &str) -> bool {
        let now = self.now();
        self.pages().statuses.had(order, (now, now), |had| had.is_some())
    }

    pub(super) fn had_stock(&self, item: &str, since: Timestamp, stock: Option<Stock>) -> bool {
        self.pages().stock.was(item, (since, self.now()), stock.as_ref())
    }
}

/// An order's items, as far as they depend on one another.
#[derive(Debug, Default)]
struct Fate {
    status: Option<String>,
    outcome: Option<String>,
    /// What the record says was ordered.
    item: String,
    quantity: i64,
    notified: bool,
}

/// Watches orders and stock. A transaction's changes come one by one; what ties them together is looked
/// at once the clock has gone on.
#[derive(Debug)]
pub(super) struct Books {
    seen: Seen,
    table: String,
    now: Option<Timestamp>,
    fates: BTreeMap<String, Fate>,
    stock: BTreeMap<String, Stock>,
    /// Orders that have changed since the last balance.
    changed: BTreeSet<String>,
    /// Items of which orders have more or less since then.
    moved: BTreeSet<String>,
}

impl Oracle for Books {
    fn changed(&mut self, change: &Change, _: &Image, now: Timestamp) -> Result<(), String> {
        if change.table != self.table {
            return Ok(());
        }
        let balance = match self.now.replace(now) {
            Some(last) if last < now => self.balance(),
            _ => Ok(()),
        };
        let record = &change.record["dynamodb"];
        let key = |name| attribute::text(&record["Keys"], name).unwrap_or_default();
        let (old, new) = (&record["OldImage"], &record["NewImage"]);
        let step = match (key("pk"), key("sk")) {
            ("inventory", item) => self.stock_changed(item, old, new),
            (partition, sort) => match partition.strip_prefix("O#") {
                Some(order) => self.order_changed(order, sort, old, new),
                None => Ok(()),
            },
        };
        balance.and(step)
    }
}

impl Books {
    pub(super) fn new(seen: Seen) -> Self {
        Self {
            seen,
            table: marquee_host::database::table_name("ordering"),
            now: None,
            fates: BTreeMap::new(),
            stock: BTreeMap::new(),
            changed: BTreeSet::new(),
            moved: BTreeSet::new(),
        }
    }

    fn stock_changed(&mut self, item: &str, old: &Value, new: &Value) -> Result<(), String> {
        let (before, after) = (Stock::of(old).unwrap_or_default(), Stock::of(new));
        let Some(after) = after else { return Err(format!("the stock of {item} is gone")) };
        self.seen.pages().stock.set(item, self.seen.now(), Some(after));
        self.stock.insert(item.to_owned(), after);
        self.moved.insert(item.to_owned());
        let wrong = |what| Err(format!("stock of {item}: {what}: {before:?} -> {after:?}"));
        if after.available < 0 || after.reserved < 0 {
            return wrong("it is negative");
        }
        if attribute::uuid(old, "put") == attribute::uuid(new, "put") {
            let sum = |stock: Stock| stock.available + stock.reserved;
            return if sum(before) == sum(after) { Ok(()) } else { wrong("some came or went") };
        }
        if before.reserved != after.reserved {
            return wrong("putting it in changed what orders have");
        }
        let mut pages = self.seen.pages();
        let sent = &mut pages.sent;
        match sent.iter().position(|(name, count)| name == item && *count == after.available) {
            Some(found) => {
                sent.swap_remove(found);
                Ok(())
            }
            None => wrong("it was put in twice, or nobody put it in"),
        }
    }

    fn order_changed(
        &mut self,
        order: &str,
        sort: &str,
        old: &Value,
        new: &Value,
    ) -> Result<(), String> {
        let text = |item, name| attribute::text(item, name);
        let fate = self.fates.entry(order.to_owned()).or_default();
        self.changed.insert(order.to_owned());
        let (steps, name) = match sort {
            "order" => {
                fate.status = text(new, "status").map(str::to_owned);
                self.seen.pages().statuses.set(order, self.seen.now(), fate.status.clone());
                (STEPS, "status")
            }
            "reservation" => {
                fate.outcome = text(new, "outcome").map(str::to_owned);
                fate.item = text(new, "item").unwrap_or_default().to_owned();
                fate.quantity = attribute::number(new, "qty").unwrap_or_default();
                (OUTCOMES, "outcome")
            }
            _ => {
                fate.notified = true;
                return match old {
                    Value::Null => Ok(()),
                    _ => Err(format!("order {order}: the student is notified twice")),
                };
            }
        };
        let (before, after) = (text(old, name), text(new, name));
        let step = (before, after.unwrap_or("gone"));
        if !steps.contains(&step) {
            return Err(format!("order {order}: a {sort} steps from {before:?} to {after:?}"));
        }
        let kept = |name: &str| old.is_null() || old[name] == new[name];
        match ["item", "qty", "student", "for", "at"].into_iter().find(|name| !kept(name)) {
            Some(name) => Err(format!("order {order}: the {name} of its {sort} changed")),
            None => Ok(()),
        }
    }

    /// What no transaction may leave behind.
    fn balance(&mut self) -> Result<(), String> {
        let mut items = std::mem::take(&mut self.moved);
        for order in std::mem::take(&mut self.changed) {
            let fate = &self.fates[&order];
            let pair = (fate.status.as_deref(), fate.outcome.as_deref());
            if !PAIRS.contains(&pair) {
                return Err(format!("order {order} is {pair:?}"));
            }
            if fate.notified && !matches!(pair.1, Some("reserved" | "returned")) {
                return Err(format!("order {order} is {pair:?}, and its student is notified"));
            }
            items.insert(fate.item.clone());
        }
        for item in items.into_iter().filter(|item| !item.is_empty()) {
            let stands =
                |fate: &&Fate| fate.item == item && fate.outcome.as_deref() == Some("reserved");
            let sum: i64 = self.fates.values().filter(stands).map(|fate| fate.quantity).sum();
            let reserved = self.stock.get(&item).copied().unwrap_or_default().reserved;
            if sum != reserved {
                return Err(format!("{item}: {reserved} are reserved, orders have {sum}"));
            }
        }
        Ok(())
    }
}
