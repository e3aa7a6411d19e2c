//! Finding events that never had their effect.
//!
//! An order that is still placed a good while after it was, waits for an event: its own, if the
//! inventory has no record of it; that of the record, if there is one. Both items keep their event.

use std::{collections::HashMap, time::Duration};

use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem},
    outbox,
    table::list::List,
};
use marquee_kernel::time::Timestamp;
use marquee_messaging::outbox::{ATTRIBUTE, OutboxEvent};
use marquee_ordering_domain::order::OrderStatus;

use super::{
    OrderingStore, items,
    keys::{self, PARTITION},
    schema::RECENT,
};

/// Partitions of the list of orders, each to be looked through by itself.
pub fn shards() -> Vec<String> {
    keys::list_shards(keys::ORDER)
}

/// What one look at a shard found.
#[derive(Clone, Debug, Default)]
pub struct Look {
    pub orders: usize,
    /// The events that orders still wait for, as they were written.
    pub awaited: Vec<OutboxEvent>,
    /// Orders that wait for an event that cannot be read.
    pub unreadable: usize,
    /// Where the next look begins; `None` if there was nothing to look at.
    pub last: Option<String>,
}

impl OrderingStore {
    /// Where the orders of this shard that have been looked at, at this age, end.
    pub async fn reconciled_to(
        &self,
        shard: &str,
        age: Duration,
    ) -> Result<Option<String>, StoreError> {
        self.table.read_cursor(&job(shard, age)).await
    }

    /// Puts on record that all orders of this shard up to `position` have been looked at, at this age.
    pub async fn set_reconciled_to(
        &self,
        shard: &str,
        age: Duration,
        position: &str,
    ) -> Result<(), StoreError> {
        self.table.write_cursor(&job(shard, age), Some(position)).await
    }

    /// Looks at up to `count` orders of one shard that come after a position and were placed before
    /// `before`, oldest first: three requests, half a read unit for each order and for each that
    /// waits.
    pub async fn look_for_waiting(
        &self,
        shard: &str,
        after: Option<&str>,
        before: Timestamp,
        count: usize,
    ) -> Result<Look, StoreError> {
        let to = Some(keys::at(before));
        let list = List { to, ..List::new(RECENT, vec![shard.to_owned()]) };
        let entries = self.table.entries(&list, after, count).await?;
        let orders = self.table.items_at(&entries).await?;
        let placed = |item: &&Item| {
            item.optional_text(items::STATUS) == Some(OrderStatus::Placed.into_str())
        };
        let waiting: Vec<_> = orders.iter().map(|(_, order)| order).filter(placed).collect();
        let ids = waiting.iter().filter_map(|item| keys::order_of(item.optional_text(PARTITION)?));
        let wanted = ids.map(|id| keys::of_order(id.as_str(), keys::RESERVATION)).collect();
        let records = self.table.batch_get(wanted, false).await?;
        let records: HashMap<_, _> =
            records.iter().map(|record| (record.optional_text(PARTITION), record)).collect();
        let mut look = Look {
            orders: entries.len(),
            last: entries.last().map(|entry| entry.position.clone()),
            ..Look::default()
        };
        for order in waiting {
            let record = records.get(&order.optional_text(PARTITION)).copied();
            // The record's own event, if it has one; else the inventory has yet to hear of the order.
            let event = [record, Some(order)].into_iter().flatten();
            let event = event.filter_map(|item| item.optional_map(ATTRIBUTE)).next();
            match event.map(outbox::read) {
                Some(Ok(event)) => look.awaited.push(event),
                Some(Err(_)) | None => look.unreadable += 1,
            }
        }
        Ok(look)
    }
}

fn job(shard: &str, age: Duration) -> String {
    format!("reconcile#{}#{shard}", age.as_secs())
}
