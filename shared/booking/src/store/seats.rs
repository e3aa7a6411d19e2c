//! Seat states: the seat map, and the marks of the event consumer.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use marquee_booking_domain::{
    ids::SessionId,
    seat::{Claim, SeatState, Transition},
    seat_ref::SeatPlace,
    seating::BlockState,
};
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::Timestamp;
use uuid::Uuid;

use super::{
    BookingStore, block_item, keys,
    seat_update::{BlockUpdate, block_updates},
};

/// Tries at a change that conflicts with others' each time.
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
    /// The change of a seat with this claim; `None` if its hold has not run out as the mark asks.
    fn transition(self, claim: Claim) -> Option<Transition> {
        match self {
            Self::Sold => Some(Transition::sell(claim)),
            Self::FreeIfOver(now) if now < claim.until => None,
            Self::Free | Self::FreeIfOver(_) => Some(Transition::release(claim)),
        }
    }

    /// The change of a seat as it is, if it is the owner's.
    fn of(self, state: SeatState, owner: Uuid) -> Option<Transition> {
        let (SeatState::Held(claim) | SeatState::Confirmed(claim)) = state else { return None };
        let to = self.transition(claim).filter(|_| claim.owner == owner)?.apply(state)?;
        Some(Transition::exactly(state, to))
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

    /// Marks the seats that `owner` holds or has confirmed; says how many changed. Seats that are
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
        let Some(transition) = mark.transition(claim) else { return Ok(0) };
        let updates = block_updates(session, places.iter().copied(), |_| transition.clone());
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
                let transition = mark.of(block.seat(place.position), owner)?;
                Some((place.position, transition))
            });
            update.seats = changes.collect();
            if update.seats.is_empty() {
                return Ok(0);
            }
        }
        Err(StoreError::transient("a block of seats changes too fast"))
    }
}
