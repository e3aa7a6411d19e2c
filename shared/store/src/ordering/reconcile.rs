//! Finding events that never had their effect.
//!
//! An order that is still placed a good while after it was, waits for an event: its own, if the
//! inventory has no record of it; that of the record, if there is one. Both items keep their event.

use marquee_domain::{
    ordering::{names::OrderId, order::OrderStatus},
    time::Timestamp,
};
use marquee_messaging::outbox::{ATTRIBUTE, OutboxEvent};

use super::{OrderingStore, items, keys, listing::order_at};
use crate::{
    error::StoreError,
    item::{Item, ReadItem},
    outbox,
};

/// Partitions of the list of orders, each to be looked through by itself.
pub fn shards() -> Vec<String> {
    keys::list_shards(keys::ORDER)
}

/// Orders placed within a time, as far as one look went.
#[derive(Clone, Debug, Default)]
pub struct Look {
    pub orders: usize,
    /// Those that still wait.
    pub waiting: Vec<OrderId>,
    /// Where to go on, if there may be more.
    pub next: Option<String>,
}

impl OrderingStore {
    /// Looks at up to `count` orders of one partition that were placed from `from` on and before
    /// `before`, newest first: half a read unit each.
    pub async fn waiting(
        &self,
        shard: &str,
        from: Timestamp,
        before: Timestamp,
        after: Option<&str>,
        count: usize,
    ) -> Result<Look, StoreError> {
        let (from, before) = (keys::at(from), keys::at(before));
        let before = Some(after.unwrap_or(&before));
        let mut places = self.places(keys::RECENT_INDEX, keys::LIST, shard, before, count).await?;
        let full = places.len() == count;
        places.retain(|place| *place >= from);
        let next = places.last().filter(|_| full && places.len() == count).cloned();
        let items = self.at(&places, keys::ORDER).await?;
        let placed =
            |item: &Item| item.optional_text(items::STATUS) == Some(OrderStatus::Placed.name());
        let waiting = places.iter().map(|place| order_at(place));
        let waiting = waiting.filter(|order| items.get(*order).is_some_and(placed));
        let waiting = waiting.filter_map(|order| order.parse().ok()).collect();
        Ok(Look { orders: places.len(), waiting, next })
    }

    /// The event that an order waits for, as it was written.
    pub async fn awaited_event(&self, id: &OrderId) -> Result<Option<OutboxEvent>, StoreError> {
        for sort in [keys::RESERVATION, keys::ORDER] {
            let found = self.table.get(keys::of_order(id.as_str(), sort), false).await?;
            let event = found.as_ref().and_then(|item| item.optional_map(ATTRIBUTE));
            if let Some(event) = event {
                return outbox::read(event).map(Some);
            }
        }
        Ok(None)
    }
}
