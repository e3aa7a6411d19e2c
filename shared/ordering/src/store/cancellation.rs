//! Cancelling an order: its status, the inventory's record and the stock in one transaction, so
//! that the stock is returned exactly once.

use aws_sdk_dynamodb::types::TransactWriteItem;
use marquee_dynamo::{
    error::StoreError,
    item::{item, names, number, text},
    table::{ConditionalUpdate, put_new},
};
use marquee_kernel::time::Timestamp;
use marquee_ordering_domain::{
    names::OrderId,
    order::{Order, OrderLine, OrderStatus},
};

use super::{
    OrderingStore, TRIES_MAX, conflict, items, keys, orders,
    reservations::{Record, RecordStatus},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// By this request or by an earlier one.
    Cancelled(Order),
    /// It has failed: there is nothing to cancel.
    Failed(Order),
    Unknown,
}

impl OrderingStore {
    /// Cancels an order that is placed or reserved: six write units, or four if no stock has been
    /// taken yet.
    pub async fn cancel(&self, id: &OrderId, now: Timestamp) -> Result<CancelOutcome, StoreError> {
        for _ in 0..TRIES_MAX {
            let Some(order) = self.order(id).await? else { return Ok(CancelOutcome::Unknown) };
            match order.status {
                OrderStatus::Cancelled => return Ok(CancelOutcome::Cancelled(order)),
                OrderStatus::Failed => return Ok(CancelOutcome::Failed(order)),
                OrderStatus::Placed | OrderStatus::Reserved => {}
            }
            let record = self.record_of(id).await?;
            let mut writes = match record {
                None => withdraw(&order.line)?,
                Some(Record { status: RecordStatus::Reserved, line, .. }) => give_back(&line)?,
                // It was called reserved by somebody who had no say in it: there is no stock to return.
                Some(Record { status: RecordStatus::Failed, .. })
                    if order.status == OrderStatus::Reserved =>
                {
                    Vec::new()
                }
                Some(Record { status: RecordStatus::Failed, reason, .. }) => {
                    // The order is about to hear of it.
                    let failed = OrderStatus::Failed;
                    let _ = self.resolve(id, failed, reason.as_deref(), now).await?;
                    continue;
                }
                // Another request has just cancelled it.
                Some(_) => continue,
            };
            let step = orders::step(id, OrderStatus::Cancelled, None, now);
            writes.push(step.into_transact_item()?);
            if self.table.transact(writes).await?.is_ok() {
                let status = OrderStatus::Cancelled;
                return Ok(CancelOutcome::Cancelled(Order { status, updated_at: now, ..order }));
            }
        }
        Err(conflict("the order"))
    }
}

/// Lets the inventory find a record when it comes to the order, so that it takes no stock.
fn withdraw(line: &OrderLine) -> Result<Vec<TransactWriteItem>, StoreError> {
    let mut record = items::write_line(line, keys::RESERVATION);
    record.insert(items::OUTCOME.to_owned(), text(RecordStatus::Withdrawn.into_str()));
    Ok(vec![put_new(record)?])
}

/// Returns what the record says was taken.
fn give_back(line: &OrderLine) -> Result<Vec<TransactWriteItem>, StoreError> {
    let record = ConditionalUpdate {
        key: keys::of_order(line.id.as_str(), keys::RESERVATION),
        update: "SET #outcome = :returned".into(),
        condition: "#outcome = :reserved".into(),
        names: Some(names([items::OUTCOME])),
        values: item([
            (":returned", Some(text(RecordStatus::Returned.into_str()))),
            (":reserved", Some(text(RecordStatus::Reserved.into_str()))),
        ]),
    };
    let stock = ConditionalUpdate {
        key: keys::stock(&line.item),
        update: "SET #available = #available + :count, #reserved = #reserved - :count".into(),
        condition: "#reserved >= :count".into(),
        names: Some(names([items::AVAILABLE, items::RESERVED])),
        values: item([(":count", Some(number(line.quantity)))]),
    };
    Ok(vec![record.into_transact_item()?, stock.into_transact_item()?])
}
