//! Seat states: the seat map, and the marks of the event consumer.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use marquee_domain::{
    booking::{
        seat::{Claim, SeatState},
        seat_ref::SeatPlace,
        seating::BlockState,
    },
    ids::SessionId,
    time::Timestamp,
};
use uuid::Uuid;

use super::{
    BookingStore, block_item, keys,
    seat_update::{BlockUpdate, Expected, block_updates},
};
use crate::error::StoreError;

/// Tries at a change that others' changes to the same block keep overtaking.
const TRIES_MAX: u32 = 5;
/// Blocks changed at once by one event; more gain nothing on one connection.
const BLOCKS_AT_ONCE: usize = 8;

/// What is to become of seats that somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Sold,
    Free,
    /// Only if the hold has run out by then.
    FreeIfOver(Timestamp),
}

impl Mark {
    fn apply(self, state: SeatState, owner: Uuid) -> Option<SeatState> {
        let claim = match state {
            SeatState::Held(claim) | SeatState::Pinned(claim) if claim.owner == owner => claim,
            _ => return None,
        };
        match self {
            Self::Sold => state.sell(claim),
            Self::FreeIfOver(now) if now < claim.until => None,
            Self::Free | Self::FreeIfOver(_) => state.release(owner),
        }
    }
}

impl BookingStore {
    /// All blocks of a session with the state of their seats, in order. Eventually consistent: a
    /// seat map is out of date by the time it is looked at, and this halves its price.
    pub async fn seat_blocks(&self, session: SessionId) -> Result<Vec<BlockState>, StoreError> {
        let mut blocks = Vec::new();
        let query = self.table.query(&keys::session_partition(session), "", false);
        let mut pages = query.into_paginator().send();
        while let Some(page) = pages.next().await {
            for item in page.map_err(StoreError::from_sdk)?.items() {
                blocks.push(block_item::read(item)?);
            }
        }
        Ok(blocks)
    }

    /// Some seats as they are at this moment, in the order asked for.
    pub async fn seat_states(
        &self,
        session: SessionId,
        places: &[SeatPlace],
    ) -> Result<Vec<SeatState>, StoreError> {
        let blocks: BTreeSet<_> = places.iter().map(|place| place.block).collect();
        let wanted = blocks.into_iter().map(|block| keys::block(session, block)).collect();
        let items = self.table.batch_get(wanted, true).await?;
        let blocks = items.iter().map(block_item::read);
        let blocks: BTreeMap<_, _> = blocks
            .map(|read| read.map(|state| (state.block.index, state)))
            .collect::<Result<_, _>>()?;
        let state = |place: &SeatPlace| {
            blocks.get(&place.block).map_or(SeatState::Free, |block| block.seat(place.position))
        };
        Ok(places.iter().map(state).collect())
    }

    /// Marks the seats that `owner` holds or has pinned; says how many changed. Seats that are
    /// marked already, or are somebody else's by now, stay as they are, so that the same event
    /// may come any number of times, at any age, in any order.
    ///
    /// With `held_until` known, a seat costs its block's one write and nothing else.
    pub async fn mark(
        &self,
        session: SessionId,
        places: &[SeatPlace],
        owner: Uuid,
        held_until: Option<Timestamp>,
        mark: Mark,
    ) -> Result<usize, StoreError> {
        let claim = Claim { owner, until: held_until.unwrap_or(Timestamp::from_millis(0)) };
        let mut any_of = vec![SeatState::Pinned(claim), SeatState::Held(claim)];
        any_of.retain(|state| mark.apply(*state, owner).is_some());
        let Some(to) = any_of.first().and_then(|state| mark.apply(*state, owner)) else {
            return Ok(0);
        };
        let updates = block_updates(session, places.iter().copied(), |_| {
            (Expected { any_of: any_of.clone(), or_free_at: None }, to)
        });
        stream::iter(updates.into_iter().map(|update| self.mark_block(update, owner, mark)))
            .buffer_unordered(BLOCKS_AT_ONCE)
            .try_fold(0, |sum, changed| async move { Ok(sum + changed) })
            .await
    }

    async fn mark_block(
        &self,
        mut update: BlockUpdate,
        owner: Uuid,
        mark: Mark,
    ) -> Result<usize, StoreError> {
        let places: Vec<_> = update.places().collect();
        for _ in 0..TRIES_MAX {
            let Err(block) = self.update_block(&update).await? else {
                return Ok(update.seats.len());
            };
            // Not as the event says: go by what is there.
            let changes = places.iter().filter_map(|place| {
                let state = block.seat(place.position);
                let to = mark.apply(state, owner)?;
                Some((place.position, Expected::exactly(state), to))
            });
            update.seats = changes.collect();
            if update.seats.is_empty() {
                return Ok(0);
            }
        }
        Err(StoreError::Unavailable("a block of seats changes too fast".into()))
    }
}
