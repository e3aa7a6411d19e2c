//! Finding holds that have run out: by the index of active reservations, oldest first. What is
//! swept leaves the index, so the next look begins where this one stopped.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use marquee_domain::{booking::reservation::Reservation, time::Timestamp};

use super::{BookingStore, keys, reservation_item};
use crate::{
    error::StoreError,
    item::{Item, ReadItem, instant, text},
};

/// The index's partitions, each to be looked through by itself.
pub fn shards() -> impl Iterator<Item = u64> + Clone {
    0..keys::DUE_SHARDS
}

/// A place in one shard of the index, to go on from.
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
        let page = self
            .table
            .reader(false)
            .query()
            .table_name(&self.table.name)
            .index_name(keys::OVERDUE_INDEX)
            .key_condition_expression(format!(
                "{} = :shard AND {} <= :now",
                keys::DUE,
                keys::EXPIRES
            ))
            .expression_attribute_values(":shard", text(keys::shard_name(shard)))
            .expression_attribute_values(":now", instant(now))
            .limit(limit)
            .set_exclusive_start_key(after.map(|cursor| cursor.0))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(StoreError::from_sdk)?;
        let found = page.items.unwrap_or_default().into_iter().map(Overdue).collect();
        Ok((found, page.last_evaluated_key.map(SweepCursor)))
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
