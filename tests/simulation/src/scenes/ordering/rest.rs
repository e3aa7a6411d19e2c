//! What must hold when all is over: every order is decided, and the books balance.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Line, Told, books::Stock, by_hand::POISON};
use crate::{
    journal::Journal,
    mix::Fault,
    watch::{Image, attribute},
    world::World,
};

/// More than there are in a world.
const LIMIT: usize = 1_000;

/// All that there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Found {
    /// Of what orders-api knows.
    orders: BTreeMap<String, (String, Line)>,
    /// Of what the inventory has on record.
    records: BTreeMap<String, (String, Line)>,
    notified: BTreeSet<String>,
    stock: BTreeMap<String, Stock>,
}

impl Found {
    fn new(image: &Image) -> Self {
        let mut found = Self::default();
        for item in image.items("ordering") {
            let text = |name| attribute::text(item, name).unwrap_or_default().to_owned();
            let (partition, sort) = (text("pk"), text("sk"));
            if let ("inventory", Some(stock)) = (partition.as_str(), Stock::of(item)) {
                found.stock.insert(sort.clone(), stock);
            }
            let Some(order) = partition.strip_prefix("O#") else { continue };
            let line = |student| Line {
                item: text("item"),
                quantity: attribute::number(item, "qty").unwrap_or_default(),
                student: attribute::text(item, student).map(str::to_owned),
            };
            let order = order.to_owned();
            match sort.as_str() {
                "order" => _ = found.orders.insert(order, (text("status"), line("student"))),
                "reservation" => _ = found.records.insert(order, (text("outcome"), line("for"))),
                _ => _ = found.notified.insert(order),
            }
        }
        found
    }

    /// What has come of it all.
    pub(super) fn tell(&self, journal: &Journal) {
        for (outcome, _) in self.records.values() {
            match outcome.as_str() {
                "reserved" | "returned" => journal.done("orders reserved"),
                "failed" => journal.done("orders failed"),
                _ => journal.done("orders withdrawn"),
            }
        }
        for _ in &self.notified {
            journal.done("students notified");
        }
    }

    /// What a message that came once more has changed.
    pub(super) fn differs(&self, after: &Self) -> String {
        let orders = after.orders.iter().find(|(id, order)| self.orders.get(*id) != Some(order));
        let records =
            after.records.iter().find(|(id, record)| self.records.get(*id) != Some(record));
        let notified = after.notified.difference(&self.notified).next();
        format!("old messages changed {orders:?}, {records:?}, {notified:?}, {:?}", after.stock)
    }
}

pub(super) async fn check(world: &World, told: &Told) -> Result<Found, String> {
    let found = Found::new(&world.watch.image());
    orders(&found, told)?;
    records(&found, told)?;
    for (item, stock) in &found.stock {
        let stands = found
            .records
            .values()
            .filter(|(outcome, line)| outcome == "reserved" && line.item == *item);
        let sum: i64 = stands.map(|(_, line)| line.quantity).sum();
        if sum != stock.reserved {
            return Err(format!("{item}: {stock:?}, and orders have {sum}"));
        }
    }
    notifications(world, &found)?;
    lists(world, &found).await?;
    dead_letters(world, told)?;
    Ok(found)
}

/// Every order is decided, as was told, and was placed once.
fn orders(found: &Found, told: &Told) -> Result<(), String> {
    let mut by_student: BTreeMap<&str, usize> = BTreeMap::new();
    for (order, (status, line)) in &found.orders {
        let outcome = found.records.get(order).map(|(outcome, _)| outcome.as_str());
        match (status.as_str(), outcome) {
            ("RESERVED", Some("reserved"))
            | ("FAILED", Some("failed"))
            | ("CANCELLED", Some("returned" | "withdrawn")) => {}
            _ => return Err(format!("order {order} is {status}, on record {outcome:?}")),
        }
        let student = line.student.as_deref().unwrap_or_default();
        *by_student.entry(student).or_default() += 1;
    }
    for (student, count) in by_student {
        let most = told.sent.get(student).map_or(0, BTreeSet::len);
        if count > most {
            return Err(format!("student {student} has {count} orders, and sent {most}"));
        }
    }
    for (order, line) in &told.accepted {
        match found.orders.get(order) {
            Some((_, found)) if found == line => {}
            found => return Err(format!("order {order} was for {line:?} and is {found:?}")),
        }
    }
    for order in &told.cancelled {
        match found.orders.get(order) {
            Some((status, _)) if status == "CANCELLED" => {}
            found => return Err(format!("order {order} was cancelled and is {found:?}")),
        }
    }
    Ok(())
}

/// The inventory has decided what was ordered, by whichever way it came, and nothing else.
fn records(found: &Found, told: &Told) -> Result<(), String> {
    for (order, (_, line)) in &found.records {
        let same = |other: &Line| (&other.item, other.quantity) == (&line.item, line.quantity);
        let placed = found.orders.get(order).is_some_and(|(_, placed)| same(placed));
        let by_hand = told.by_hand.get(order).is_some_and(|lines| lines.iter().any(same));
        if !placed && !by_hand {
            return Err(format!("order {order} is on record for {line:?}, which nobody ordered"));
        }
    }
    match told.published.iter().find(|order| !found.records.contains_key(*order)) {
        Some(order) => Err(format!("order {order} was published by hand and is not on record")),
        None => Ok(()),
    }
}

/// A student is told of each reservation. Not if its event was lost and the order heard of it all the same:
/// then no order waits for the event, and `reconcile-orders` looks for those that do.
fn notifications(world: &World, found: &Found) -> Result<(), String> {
    let was_reserved = |outcome: &str| matches!(outcome, "reserved" | "returned");
    let reserved = found.records.iter().filter(|(_, (outcome, _))| was_reserved(outcome));
    let reserved: BTreeSet<_> = reserved.map(|(order, _)| order.clone()).collect();
    if let Some(order) = found.notified.difference(&reserved).next() {
        return Err(format!("the student of order {order} was notified of no reservation"));
    }
    match reserved.difference(&found.notified).next() {
        Some(order) if !world.setting.mix.has(Fault::RecordLost) => {
            Err(format!("the student of order {order} was not notified"))
        }
        _ => Ok(()),
    }
}

/// What people see is what there is, each thing once.
async fn lists(world: &World, found: &Found) -> Result<(), String> {
    let list = async |path: &str| {
        let list = world.must("GET", &format!("{path}limit={LIMIT}"), Value::Null).await?;
        let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
        let items = list.as_array().into_iter().flatten();
        let mut orders: Vec<_> =
            items.map(|item| (text(item, "order_id"), text(item, "status"))).collect();
        orders.sort();
        Ok::<_, String>(orders)
    };
    let expected = |of: &dyn Fn(&Line) -> bool| {
        let orders = found.orders.iter().filter(|(_, (_, line))| of(line));
        orders.map(|(order, (status, _))| (order.clone(), status.clone())).collect::<Vec<_>>()
    };
    let same = |what: &str, listed: Vec<_>, expected: Vec<_>| match listed == expected {
        true => Ok(()),
        false => Err(format!("{what} has {listed:?}, not {expected:?}")),
    };
    same("the list of orders", list("/orders?").await?, expected(&|_| true))?;
    let notified = found.notified.iter().map(|order| (order.clone(), String::new())).collect();
    same("the list of notifications", list("/notifications?").await?, notified)?;
    let students: BTreeSet<_> =
        found.orders.values().filter_map(|(_, line)| line.student.clone()).collect();
    for student in students.into_iter().take(3) {
        let path = format!("/orders?student_id={student}&");
        let theirs = expected(&|line| line.student.as_ref() == Some(&student));
        same(&format!("the list of {student}"), list(&path).await?, theirs)?;
    }
    let stock = world.must("GET", "/inventory", Value::Null).await?;
    for (item, Stock { available, reserved }) in &found.stock {
        let listed = stock.as_array().into_iter().flatten().find(|listed| listed["item"] == **item);
        let right = listed.is_some_and(|listed| {
            listed["stock"].as_i64() == Some(*available)
                && listed["reserved"].as_i64() == Some(*reserved)
        });
        if !right {
            return Err(format!(
                "the inventory has {listed:?} of {item}, not {available}, {reserved}"
            ));
        }
    }
    Ok(())
}

/// What can never succeed is kept with the reason, and nothing else is.
fn dead_letters(world: &World, told: &Told) -> Result<(), String> {
    for (queue, text) in &told.poison {
        let letters = world.broker.memory.dead_letters(queue);
        if !letters.iter().any(|letter| letter.message.text() == *text) {
            return Err(format!("{POISON} is not among the dead letters of {queue}: {text}"));
        }
    }
    Ok(())
}
