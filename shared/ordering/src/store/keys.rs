//! The keys of ordering's items.

use marquee_kernel::time::Timestamp;
use marquee_ordering_domain::names::{ItemName, OrderId};
use uuid::Uuid;

use marquee_dynamo::item::{Item, key};
pub use marquee_dynamo::item::{PARTITION, SORT};

/// The list that an item is in.
pub const LIST: &str = "list";
pub const STUDENT: &str = "student";
/// The position in either list: `<milliseconds>#<order>`, so that no two are the same.
pub const AT: &str = "at";

/// Partitions of each kind in the index. One takes 1,000 writes a second, and a page of the list
/// asks each of them.
const LIST_SHARDS: u128 = 4;

pub(super) const ORDER: &str = "order";
pub(super) const RESERVATION: &str = "reservation";
pub(super) const NOTIFICATION: &str = "notification";

pub(super) const INVENTORY: &str = "inventory";

/// Names of ours are unlike those of any other name-based UUID.
const NAMESPACE: Uuid = Uuid::from_u128(0x6d61_7271_7565_6500_8000_6f72_6465_0001);

/// An order's number in identifiers and shards: its own id may be any text.
pub(super) fn fingerprint(order: &OrderId) -> Uuid {
    Uuid::new_v5(&NAMESPACE, order.as_str().as_bytes())
}

pub(super) fn of_order(order: &str, sort: &str) -> Item {
    key(format!("O#{order}"), sort.to_owned())
}

/// The way back from an item's partition key.
pub(super) fn order_of(partition: &str) -> Option<OrderId> {
    partition.strip_prefix("O#")?.parse().ok()
}

pub(super) fn stock(item: &ItemName) -> Item {
    key(INVENTORY.to_owned(), item.as_str().to_owned())
}

pub(super) fn position(at: Timestamp, order: &OrderId) -> String {
    format!("{}#{order}", self::at(at))
}

/// What the positions of that moment begin with.
pub(super) fn at(at: Timestamp) -> String {
    format!("{:013}", at.millis())
}

/// The partition of the list of `kind` that has this order.
pub(super) fn list_shard(kind: &str, order: &OrderId) -> String {
    format!("{kind}#{}", fingerprint(order).as_u128() % LIST_SHARDS)
}

pub(super) fn list_shards(kind: &str) -> Vec<String> {
    (0..LIST_SHARDS).map(|shard| format!("{kind}#{shard}")).collect()
}
