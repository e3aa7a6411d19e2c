//! One conditional update of the seats of one block.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, TransactWriteItem};
use marquee_domain::{
    booking::{seat::SeatState, seat_ref::SeatPlace, seating::BlockState},
    ids::SessionId,
    time::Timestamp,
};

use super::{BookingStore, block_item, cell, keys};
use crate::{
    error::StoreError,
    item::Item,
    table::{GuardedUpdate, condition_failed},
};

/// What a seat must be for it to change.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// Exactly one of these,
    pub(super) any_of: Vec<SeatState>,
    /// or free at that instant: never held, or the hold has run out.
    pub(super) or_free_at: Option<Timestamp>,
}

impl Expected {
    pub(super) fn exactly(state: SeatState) -> Self {
        Self { any_of: vec![state], or_free_at: None }
    }

    pub(super) fn free_at(now: Timestamp) -> Self {
        Self { any_of: Vec::new(), or_free_at: Some(now) }
    }
}

/// Seats of one block that change together or not at all.
#[derive(Clone, Debug)]
pub(super) struct BlockUpdate {
    pub(super) session: SessionId,
    pub(super) block: u16,
    pub(super) seats: Vec<(u16, Expected, SeatState)>,
}

/// Changes `places`, each as `change` says, block by block.
pub(super) fn block_updates(
    session: SessionId,
    places: impl IntoIterator<Item = SeatPlace>,
    change: impl Fn(SeatPlace) -> (Expected, SeatState),
) -> Vec<BlockUpdate> {
    let mut blocks: BTreeMap<u16, Vec<_>> = BTreeMap::new();
    for place in places {
        let (expected, state) = change(place);
        blocks.entry(place.block).or_default().push((place.position, expected, state));
    }
    blocks.into_iter().map(|(block, seats)| BlockUpdate { session, block, seats }).collect()
}

impl BlockUpdate {
    pub(super) fn places(&self) -> impl Iterator<Item = SeatPlace> {
        self.seats.iter().map(|(position, ..)| SeatPlace { block: self.block, position: *position })
    }

    pub(super) fn to_transact_item(&self) -> Result<TransactWriteItem, StoreError> {
        self.to_guarded_update().into_transact_item()
    }

    fn to_guarded_update(&self) -> GuardedUpdate {
        let mut values = Vec::new();
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        let mut conditions = vec![format!("attribute_exists({})", keys::PARTITION)];
        for (position, expected, state) in &self.seats {
            let name = cell::name(*position);
            match cell::encode(*state) {
                Some(to) => set.push(format!("{name} = {}", placeholder(&mut values, to))),
                None => remove.push(name.clone()),
            }
            let mut either = Vec::new();
            for from in expected.any_of.iter().filter_map(|state| cell::encode(*state)) {
                either.push(format!("{name} = {}", placeholder(&mut values, from)));
            }
            if let Some(now) = expected.or_free_at {
                let limit = placeholder(&mut values, cell::claimable_before(now));
                either.push(format!("attribute_not_exists({name}) OR {name} < {limit}"));
            }
            conditions.push(format!("({})", either.join(" OR ")));
        }
        let clause = |verb: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{verb} {} ", parts.join(", ")),
        };
        GuardedUpdate {
            key: keys::block(self.session, self.block),
            update: clause("SET", &set) + &clause("REMOVE", &remove),
            condition: conditions.join(" AND "),
            names: None,
            values: named(values),
        }
    }
}

fn placeholder(values: &mut Vec<AttributeValue>, value: AttributeValue) -> String {
    let index = values.iter().position(|known| *known == value).unwrap_or_else(|| {
        values.push(value);
        values.len() - 1
    });
    format!(":v{index}")
}

fn named(values: Vec<AttributeValue>) -> Item {
    values.into_iter().enumerate().map(|(index, value)| (format!(":v{index}"), value)).collect()
}

/// The block as it was when its condition failed; `None` if the reason is another.
pub(super) fn refused_block(
    reason: Option<&CancellationReason>,
) -> Result<Option<BlockState>, StoreError> {
    if !condition_failed(reason) {
        return Ok(None);
    }
    match reason.and_then(CancellationReason::item) {
        Some(item) => block_item::read(item).map(Some),
        None => Err(StoreError::unreadable("a block that is not there")),
    }
}

impl BookingStore {
    /// Applies one block's update by itself: one write unit. The block as it was, if refused.
    pub(super) async fn update_block(
        &self,
        update: &BlockUpdate,
    ) -> Result<Result<(), BlockState>, StoreError> {
        match self.table.update(update.to_guarded_update()).await? {
            Ok(()) => Ok(Ok(())),
            Err(refused) => block_item::read(&refused).map(Err),
        }
    }
}
