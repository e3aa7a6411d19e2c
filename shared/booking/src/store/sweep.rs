//! Finding holds that have run out: by the index of active reservations, oldest first. What is
//! swept leaves the index, so the next look begins where this one stopped.

use marquee_booking_domain::reservation::Reservation;
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, instant, item, text},
    table::IndexQuery,
};
use marquee_kernel::time::Timestamp;

use super::{BookingStore, keys, reservation_item};

/// The index's partitions, each to be looked through by itself.
pub fn shards() -> impl Iterator<Item = u64> + Clone {
    0..keys::DUE_SHARDS
}

/// A position in one shard of the index, to go on from.
#[derive(Clone, Debug)]
pub struct SweepCursor(Item);

/// Where an overdue reservation is.
#[derive(Clone, Debug)]
pub struct Overdue(Item);

impl BookingStore {
    /// Up to `limit` reservations of one shard whose hold has run out at `now`, and where to go
    /// on if there may be more.
    pub async fn overdue(
        &self,
        shard: u64,
        now: Timestamp,
        limit: i32,
        after: Option<SweepCursor>,
    ) -> Result<(Vec<Overdue>, Option<SweepCursor>), StoreError> {
        let query = IndexQuery {
            index: keys::OVERDUE_INDEX,
            condition: format!("{} = :shard AND {} <= :now", keys::DUE, keys::EXPIRES),
            values: item([
                (":shard", Some(text(keys::shard_name(shard)))),
                (":now", Some(instant(now))),
            ]),
            start: after.map(|cursor| cursor.0),
            limit,
            ..IndexQuery::default()
        };
        let (found, last) = self.table.query_index(query).await?;
        Ok((found.into_iter().map(Overdue).collect(), last.map(SweepCursor)))
    }

    /// The reservation itself: the index holds keys only, and may lag behind.
    pub async fn overdue_reservation(
        &self,
        overdue: &Overdue,
    ) -> Result<Option<Reservation>, StoreError> {
        let key = |name| Ok::<_, StoreError>(overdue.0.text(name)?.to_owned());
        let key = keys::key(key(keys::PARTITION)?, key(keys::SORT)?);
        self.table.get(key, false).await?.as_ref().map(reservation_item::read).transpose()
    }
}
