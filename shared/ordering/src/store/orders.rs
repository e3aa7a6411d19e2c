//! What orders-api knows of orders.

use marquee_dynamo::{
    error::StoreError,
    item::{instant, item, names, text},
    outbox,
    table::{
        ConditionalUpdate, Page,
        list::{List, Search},
    },
};
use marquee_kernel::time::Timestamp;
use marquee_messaging::outbox::{ATTRIBUTE, OutboxEvent};
use marquee_ordering_domain::{
    names::{OrderId, StudentId},
    order::{Order, OrderStatus},
};

use super::{OrderingStore, items, keys, listing, schema::BY_STUDENT};
use crate::events::{OrderEvent, OrderEventType};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceOutcome {
    Placed,
    /// There is an order of that id: this one, whatever has become of it.
    Earlier(Order),
}

/// What a list of orders shall have.
#[derive(Clone, Debug, Default)]
pub struct OrderFilter {
    pub student: Option<StudentId>,
    pub status: Option<OrderStatus>,
}

impl OrderingStore {
    /// Writes a new order with its event. Three write units: one for the order and one for each
    /// list that it is in.
    pub async fn place(&self, order: &Order) -> Result<PlaceOutcome, StoreError> {
        let placed = OrderEventType::OrderPlaced;
        let body = OrderEvent::new(placed, &order.line, None, order.placed_at);
        let subject = keys::fingerprint(&order.line.id);
        let event = OutboxEvent::once(subject, placed.routing_key(), &body);
        let mut item = items::write_order(order);
        item.insert(ATTRIBUTE.to_owned(), outbox::attribute(&event));
        match self.table.put_new(item).await? {
            None => Ok(PlaceOutcome::Placed),
            Some(earlier) => items::read_order(&earlier).map(PlaceOutcome::Earlier),
        }
    }

    /// One consistent read.
    pub async fn order(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        let found = self.table.get(keys::of_order(id.as_str(), keys::ORDER), true).await?;
        found.as_ref().map(items::read_order).transpose()
    }

    /// When the student placed the first of up to `limit` orders since then, and how many there are.
    /// Half a read unit for some forty of them; it may lag behind by a moment.
    pub async fn orders_since(
        &self,
        student: &StudentId,
        since: Timestamp,
        limit: usize,
    ) -> Result<(usize, Option<Timestamp>), StoreError> {
        let list = List {
            from: Some(keys::at(since)),
            ..List::new(BY_STUDENT, vec![student.to_string()])
        };
        let entries = self.table.entries(&list, None, limit).await?;
        let first = entries.first().map(|entry| entry.position.as_str());
        let first = first.and_then(|at| at.split_once('#')?.0.parse().ok());
        Ok((entries.len(), first.map(Timestamp::from_millis)))
    }

    /// Says what the inventory decided about an order that waits for it. If it does not wait, `Err`
    /// has the order as it is, or nothing, if orders-api never saw it. One write unit.
    pub async fn resolve(
        &self,
        id: &OrderId,
        to: OrderStatus,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<Result<(), Option<Order>>, StoreError> {
        let refused = self.table.update(step(id, to, reason, now)).await?;
        match refused {
            Ok(()) => Ok(Ok(())),
            Err(none) if none.is_empty() => Ok(Err(None)),
            Err(found) => Ok(Err(Some(items::read_order(&found)?))),
        }
    }

    /// A page of orders, newest first. It may be short, or empty, though there are more: then one
    /// look has seen enough orders that did not fit the filter.
    pub async fn orders(
        &self,
        filter: &OrderFilter,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<Order>, StoreError> {
        let list = match &filter.student {
            Some(student) => listing::of_student(student),
            None => listing::of_kind(keys::ORDER),
        };
        let fits = |order: &Order| filter.status.is_none_or(|status| order.status == status);
        let fits = filter.status.is_some().then_some(&fits as _);
        let search = Search { fits, ..Search::all(items::read_order) };
        self.table.search(&list, &search, limit, after).await
    }
}

/// An order's step to another status, from whichever the domain lets it come.
pub(super) fn step(
    id: &OrderId,
    to: OrderStatus,
    reason: Option<&str>,
    now: Timestamp,
) -> ConditionalUpdate {
    let mut named = names([items::STATUS, items::UPDATED]);
    let mut update = "SET #status = :to, #updated = :now".to_owned();
    let mut values = item([
        (":to", Some(text(to.into_str()))),
        (":now", Some(instant(now))),
        (":why", reason.map(text)),
    ]);
    if reason.is_some() {
        update.push_str(", #why = :why");
        named.extend(names([items::REASON]));
    }
    let from: Vec<_> = (0..to.comes_from().len()).map(|n| format!(":from{n}")).collect();
    let condition = format!("#status IN ({})", from.join(", "));
    values
        .extend(from.into_iter().zip(to.comes_from().iter().map(|status| text(status.into_str()))));
    let key = keys::of_order(id.as_str(), keys::ORDER);
    ConditionalUpdate { key, update, condition, names: Some(named), values }
}
