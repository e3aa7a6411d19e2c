//! Orders, the inventory's records of them, and stock, as items.

use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, instant, item, number, text},
};
use marquee_kernel::time::Timestamp;
use marquee_ordering_domain::{
    names::ItemName,
    order::{Order, OrderLine, Quantity},
    stock::Stock,
};

use super::keys;

pub(super) const STATUS: &str = "status";
pub(super) const REASON: &str = "why";
pub(super) const UPDATED: &str = "updated";
const ITEM: &str = "item";
const QUANTITY: &str = "qty";
/// Who ordered, in items that are not to be found by it.
const FOR: &str = "for";
pub(super) const OUTCOME: &str = "outcome";
pub(super) const AVAILABLE: &str = "available";
pub(super) const RESERVED: &str = "reserved";
/// Which request put the stock in last.
pub(super) const PUT: &str = "put";

pub(super) fn write_order(order: &Order) -> Item {
    let OrderLine { id, item: name, quantity, student } = &order.line;
    let mut written = keys::of_order(id.as_str(), keys::ORDER);
    written.extend(item([
        (ITEM, Some(text(name.as_str()))),
        (QUANTITY, Some(number(quantity))),
        (STATUS, Some(text(order.status.into_str()))),
        (UPDATED, Some(instant(order.updated_at))),
        (keys::STUDENT, student.as_ref().map(|student| text(student.as_str()))),
        (keys::LIST, Some(text(keys::list_shard(keys::ORDER, id)))),
        (keys::AT, Some(text(keys::position(order.placed_at, id)))),
    ]));
    written
}

pub(super) fn read_order(item: &Item) -> Result<Order, StoreError> {
    Ok(Order {
        line: read_line(item, keys::STUDENT)?,
        status: item.parsed(STATUS)?,
        reason: item.optional_text(REASON).map(str::to_owned),
        placed_at: read_position(item)?,
        updated_at: item.instant(UPDATED)?,
    })
}

/// When the item was put into its list.
pub(super) fn read_position(item: &Item) -> Result<Timestamp, StoreError> {
    let millis = item.text(keys::AT)?.split('#').next().and_then(|millis| millis.parse().ok());
    millis.map(Timestamp::from_millis).ok_or_else(|| StoreError::unreadable(keys::AT))
}

/// What was ordered, in an item of another service than orders-api.
pub(super) fn write_line(line: &OrderLine, sort: &str) -> Item {
    let mut written = keys::of_order(line.id.as_str(), sort);
    written.extend(item([
        (ITEM, Some(text(line.item.as_str()))),
        (QUANTITY, Some(number(line.quantity))),
        (FOR, line.student.as_ref().map(|student| text(student.as_str()))),
    ]));
    written
}

pub(super) fn read_foreign_line(item: &Item) -> Result<OrderLine, StoreError> {
    read_line(item, FOR)
}

fn read_line(item: &Item, student: &str) -> Result<OrderLine, StoreError> {
    let id = keys::order_of(item.text(keys::PARTITION)?);
    let name: Option<ItemName> = item.text(ITEM)?.parse().ok();
    let student = item.optional_text(student).map(str::parse).transpose();
    Ok(OrderLine {
        id: id.ok_or_else(|| StoreError::unreadable("an order's id"))?,
        item: name.ok_or_else(|| StoreError::unreadable(ITEM))?,
        quantity: Quantity::new(item.number(QUANTITY)?)
            .ok_or_else(|| StoreError::unreadable(QUANTITY))?,
        student: student.map_err(|_| StoreError::unreadable(FOR))?,
    })
}

pub(super) fn read_stock(item: &Item) -> Result<Stock, StoreError> {
    Ok(Stock { available: item.number(AVAILABLE)?, reserved: item.number(RESERVED)? })
}
