//! One conditional update of the seats of one block.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, TransactWriteItem};
use marquee_booking_domain::{
    ids::SessionId, seat::Transition, seat_ref::SeatPlace, seating::BlockState,
};
use marquee_dynamo::{
    error::StoreError,
    item::Item,
    table::{ConditionalUpdate, condition_failed},
};

use super::{BookingStore, block_item, cell, keys};

/// Seats of one block that change together or not at all.
#[derive(Clone, Debug)]
pub(super) struct BlockUpdate {
    pub(super) session: SessionId,
    pub(super) block: u16,
    /// Each by its position.
    pub(super) seats: Vec<(u16, Transition)>,
}

/// Changes `places`, each as `change` says, block by block.
pub(super) fn block_updates(
    session: SessionId,
    places: impl IntoIterator<Item = SeatPlace>,
    change: impl Fn(SeatPlace) -> Transition,
) -> Vec<BlockUpdate> {
    let mut blocks: BTreeMap<u16, Vec<_>> = BTreeMap::new();
    for place in places {
        blocks.entry(place.block).or_default().push((place.position, change(place)));
    }
    blocks.into_iter().map(|(block, seats)| BlockUpdate { session, block, seats }).collect()
}

impl BlockUpdate {
    pub(super) fn places(&self) -> impl Iterator<Item = SeatPlace> {
        self.seats.iter().map(|(position, ..)| SeatPlace { block: self.block, position: *position })
    }

    pub(super) fn to_transact_item(&self) -> Result<TransactWriteItem, StoreError> {
        self.to_conditional_update().into_transact_item()
    }

    fn to_conditional_update(&self) -> ConditionalUpdate {
        let mut values = Vec::new();
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        let mut conditions = vec![format!("attribute_exists({})", keys::PARTITION)];
        for (position, Transition { from, to }) in &self.seats {
            let name = cell::name(*position);
            match cell::encode(*to) {
                Some(cell) => set.push(format!("{name} = {}", placeholder(&mut values, cell))),
                None => remove.push(name.clone()),
            }
            let mut either = Vec::new();
            for state in from.any_of.iter().filter_map(|state| cell::encode(*state)) {
                either.push(format!("{name} = {}", placeholder(&mut values, state)));
            }
            if let Some(now) = from.or_free_at {
                let limit = placeholder(&mut values, cell::claimable_before(now));
                either.push(format!("attribute_not_exists({name}) OR {name} < {limit}"));
            }
            conditions.push(format!("({})", either.join(" OR ")));
        }
        let clause = |verb: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{verb} {} ", parts.join(", ")),
        };
        ConditionalUpdate {
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
        match self.table.update(update.to_conditional_update()).await? {
            Ok(()) => Ok(Ok(())),
            Err(refused) => block_item::read(&refused).map(Err),
        }
    }
}
