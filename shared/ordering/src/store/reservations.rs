//! The inventory's own record of orders: what each came to, decided once.

use aws_sdk_dynamodb::types::TransactWriteItem;
use futures_util::future::try_join_all;
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, item, names, number, text},
    outbox,
    table::{ConditionalUpdate, condition_failed, put_new},
};
use marquee_kernel::time::Timestamp;
use marquee_messaging::{
    outbox::{ATTRIBUTE, OutboxEvent},
    trace::TraceContext,
};
use marquee_ordering_domain::{
    names::{ItemName, OrderId},
    order::{OrderLine, OrderStatus},
    stock::Decision,
};

use super::{OrderingStore, items, keys};
use crate::events::{OrderEvent, OrderEventType};

/// Orders that one transaction decides at most: DynamoDB takes 100 items in one.
pub const ORDERS_PER_TRANSACTION_MAX: usize = 50;

/// What became of an order, as far as stock is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum RecordStatus {
    Reserved,
    Failed,
    /// Reserved, cancelled, and its stock is back.
    Returned,
    /// Cancelled before the inventory had heard of it: it takes no stock any more.
    Withdrawn,
}

impl RecordStatus {
    /// What it makes of an order that waits for it.
    pub const fn order_status(self) -> Option<OrderStatus> {
        match self {
            Self::Reserved => Some(OrderStatus::Reserved),
            Self::Failed => Some(OrderStatus::Failed),
            Self::Returned | Self::Withdrawn => None,
        }
    }
}

/// The inventory's record of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub line: OrderLine,
    pub status: RecordStatus,
    /// Why it failed.
    pub reason: Option<String>,
}

/// An order for an item, and what it comes to.
#[derive(Clone, Debug)]
pub struct Decided {
    pub line: OrderLine,
    pub decision: Decision,
    /// Of the message that asked for it.
    pub trace: TraceContext,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordOutcome {
    /// All of it, but for failures that had been decided before: these are their records.
    Recorded(Vec<Record>),
    /// Nothing, since some have been decided before: [`OrderingStore::records_among`] has them.
    Known,
    /// Nothing, since there is less of the item now.
    StockChanged,
}

impl OrderingStore {
    /// What the inventory decided about an order, if it has. One consistent read.
    pub async fn record_of(&self, id: &OrderId) -> Result<Option<Record>, StoreError> {
        let found = self.table.get(keys::of_order(id.as_str(), keys::RESERVATION), true).await?;
        found.as_ref().map(read).transpose()
    }

    /// The records that there are of these orders. A consistent read of each.
    pub async fn records_among(
        &self,
        orders: impl IntoIterator<Item = &OrderId>,
    ) -> Result<Vec<Record>, StoreError> {
        let wanted = orders.into_iter().map(|id| keys::of_order(id.as_str(), keys::RESERVATION));
        let found = self.table.batch_get(wanted.collect(), true).await?;
        found.iter().map(read).collect()
    }

    /// Records decisions about orders for one item, and takes the stock of those that are
    /// reserved: one transaction of two write units for each of them and two for the stock. A
    /// failure takes nothing, so its record is a write of its own.
    pub async fn record(
        &self,
        name: &ItemName,
        decided: &[Decided],
        now: Timestamp,
    ) -> Result<RecordOutcome, StoreError> {
        let (reserved, failed): (Vec<_>, Vec<_>) =
            decided.iter().partition(|order| order.decision == Decision::Reserved);
        if !reserved.is_empty() {
            let mut writes = vec![take(name, &reserved)?];
            for order in &reserved {
                writes.push(put_new(record(order, now))?);
            }
            if let Err(reasons) = self.table.transact(writes).await? {
                let known = reasons.iter().skip(1).any(|reason| condition_failed(Some(reason)));
                return Ok(if known { RecordOutcome::Known } else { RecordOutcome::StockChanged });
            }
        }
        let failed = failed.iter().map(|order| self.table.put_new(record(order, now)));
        let earlier = try_join_all(failed).await?;
        let earlier: Result<_, _> = earlier.iter().flatten().map(read).collect();
        Ok(RecordOutcome::Recorded(earlier?))
    }
}

/// Takes what the orders want, if it is still there.
fn take(name: &ItemName, orders: &[&Decided]) -> Result<TransactWriteItem, StoreError> {
    let count: u64 = orders.iter().map(|order| u64::from(order.line.quantity.get())).sum();
    let update = ConditionalUpdate {
        key: keys::stock(name),
        update: "SET #available = #available - :count, #reserved = #reserved + :count".into(),
        condition: "#available >= :count".into(),
        names: Some(names([items::AVAILABLE, items::RESERVED])),
        values: item([(":count", Some(number(count)))]),
    };
    update.into_transact_item()
}

/// The record of a decision, with the event that tells of it.
fn record(order: &Decided, now: Timestamp) -> Item {
    let line = &order.line;
    let (event_type, status, reason) = match &order.decision {
        Decision::Reserved => (OrderEventType::InventoryReserved, RecordStatus::Reserved, None),
        Decision::Failed(refusal) => {
            let reason = refusal.describe(&line.item).to_string();
            (OrderEventType::InventoryFailed, RecordStatus::Failed, Some(reason))
        }
    };
    let body = OrderEvent::new(event_type, line, reason.as_deref(), now);
    let subject = keys::fingerprint(&line.id);
    let event = OutboxEvent::once(subject, event_type.routing_key(), &body);
    let event = OutboxEvent { trace: Some(order.trace), ..event };
    let mut record = items::write_line(line, keys::RESERVATION);
    record.extend(item([
        (items::OUTCOME, Some(text(status.into_str()))),
        (items::REASON, reason.as_deref().map(text)),
        (ATTRIBUTE, Some(outbox::attribute(&event))),
    ]));
    record
}

fn read(item: &Item) -> Result<Record, StoreError> {
    Ok(Record {
        line: items::read_foreign_line(item)?,
        status: item.parsed(items::OUTCOME)?,
        reason: item.optional_text(items::REASON).map(str::to_owned),
    })
}
