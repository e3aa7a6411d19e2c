//! The keys of booking's items.

use marquee_booking_domain::ids::{HallId, SessionId};
use marquee_booking_domain::reservation_ref::{ReservationRef, session_hash, user_hash};
use marquee_kernel::ids::UserId;

use uuid::Uuid;

use marquee_dynamo::item::Item;
pub(crate) use marquee_dynamo::item::key;
pub use marquee_dynamo::item::{PARTITION, SORT};

/// Index of active reservations by the time they run out, which payments that are due share.
pub const OVERDUE_INDEX: &str = marquee_payments::store::DUE.name;
/// The index's partition; an item without it is not in the index.
pub const DUE: &str = marquee_payments::store::DUE.hash;
pub const EXPIRES: &str = marquee_payments::store::DUE.range;
/// Partitions of the index for reservations. One partition takes 1,000 writes a second; this many take 8,000
/// holds, and an empty one costs the sweeper half a read unit a minute.
pub const DUE_SHARDS: u64 = 8;

/// Index of what belongs to something else, by that and by its own sort key.
pub const PARENT_INDEX: &str = "by_parent";
/// The index's partition: the kind and whose it is.
pub const PARENT: &str = "parent";

pub(crate) fn children(kind: &str, parent: Uuid) -> String {
    format!("{kind}#{parent}")
}

pub(crate) fn entity(kind: &str, id: &str) -> Item {
    key(kind.to_owned(), id.to_owned())
}

pub(crate) fn hall_partition(hall: HallId) -> String {
    format!("H#{hall}")
}

pub(crate) fn hall_row(hall: HallId, row_number: &str) -> Item {
    key(hall_partition(hall), format!("R#{row_number}"))
}

pub(crate) fn session_partition(session: SessionId) -> String {
    format!("S#{session}")
}

pub(crate) fn block(session: SessionId, block: u16) -> Item {
    key(session_partition(session), format!("B#{block:05}"))
}

pub(crate) fn user_partition(user: UserId) -> String {
    format!("U#{:010x}", user_hash(user))
}

/// What the sort keys of a user's reservations for one session begin with.
pub(crate) fn session_prefix(session: SessionId) -> String {
    format!("R#{:06x}#", session_hash(session))
}

pub(crate) fn reservation(reference: ReservationRef) -> Item {
    let ReservationRef { user_hash, session_hash, sequence } = reference;
    key(format!("U#{user_hash:010x}"), format!("R#{session_hash:06x}#{sequence:03x}"))
}

pub(crate) fn due_shard(reference: ReservationRef) -> String {
    shard_name((reference.user_hash ^ u64::from(reference.session_hash)) % DUE_SHARDS)
}

pub(crate) fn shard_name(shard: u64) -> String {
    format!("D#{shard}")
}
