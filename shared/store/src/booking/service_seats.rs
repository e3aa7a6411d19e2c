//! Seats that another service holds and sells by itself, with no reservation of ours: all of them
//! or none, and safe to ask for twice.

use aws_sdk_dynamodb::types::TransactWriteItem;
use marquee_domain::{
    booking::{
        seat::{Claim, SeatState},
        seat_ref::SeatPlace,
    },
    ids::SessionId,
    time::Timestamp,
};
use uuid::Uuid;

use super::{
    BookingStore,
    seat_update::{BlockUpdate, Expected, block_updates},
};
use crate::error::StoreError;

/// Tries at a change that others keep overtaking.
const TRIES_MAX: u32 = 5;

/// The places that stand in the way.
pub type Taken = Vec<SeatPlace>;

impl BookingStore {
    /// Holds the seats; those that the same owner holds already stay as they are. The claim that
    /// runs out first, which is the given one unless some were held before.
    pub async fn hold_seats(
        &self,
        session: SessionId,
        places: &[SeatPlace],
        claim: Claim,
        now: Timestamp,
    ) -> Result<Result<Claim, Taken>, StoreError> {
        let decide = |state: SeatState| match state.live_claim(now) {
            None => Some((Expected::free_at(now), SeatState::Held(claim))),
            Some(live) if live.owner == claim.owner => Some((Expected::exactly(state), state)),
            Some(_) => None,
        };
        let states = self.change_all(session, places, decide).await?;
        Ok(states.map(|states| {
            let claims = states.iter().filter_map(|state| state.live_claim(now));
            claims.min_by_key(|claim| claim.until).unwrap_or(claim)
        }))
    }

    /// Marks the seats sold that `owner` holds, run out or not. How many were not so before.
    pub async fn sell_seats(
        &self,
        session: SessionId,
        places: &[SeatPlace],
        owner: Uuid,
    ) -> Result<Result<usize, Taken>, StoreError> {
        let mut changed = 0;
        let decide = |state: SeatState| match state {
            SeatState::Sold(claim) if claim.owner == owner => {
                Some((Expected::exactly(state), state))
            }
            SeatState::Held(claim) | SeatState::Pinned(claim) if claim.owner == owner => {
                Some((Expected::exactly(state), SeatState::Sold(claim)))
            }
            _ => None,
        };
        let before = self.block_states(session, places).await?;
        for place in places {
            let sold = before.get(&place.block).map(|block| block.seat(place.position));
            changed += usize::from(!matches!(sold, Some(SeatState::Sold(_))));
        }
        Ok(self.change_all(session, places, decide).await?.map(|_| changed))
    }

    /// Reads the seats, and changes all of them by one transaction as `decide` says; the states
    /// they come to. `None` from `decide` means that the seat stands in the way.
    async fn change_all(
        &self,
        session: SessionId,
        places: &[SeatPlace],
        decide: impl Fn(SeatState) -> Option<(Expected, SeatState)>,
    ) -> Result<Result<Vec<SeatState>, Taken>, StoreError> {
        for _ in 0..TRIES_MAX {
            let blocks = self.block_states(session, places).await?;
            let state = |place: &SeatPlace| {
                blocks.get(&place.block).map_or(SeatState::Free, |block| block.seat(place.position))
            };
            let taken: Taken =
                places.iter().filter(|place| decide(state(place)).is_none()).copied().collect();
            if !taken.is_empty() {
                return Ok(Err(taken));
            }
            let change = |place: SeatPlace| {
                let state = state(&place);
                decide(state).unwrap_or((Expected::exactly(state), state))
            };
            let updates = block_updates(session, places.iter().copied(), change);
            let items = updates.iter().map(BlockUpdate::to_transact_item);
            let items: Vec<TransactWriteItem> = items.collect::<Result<_, _>>()?;
            if self.transact(items).await?.is_ok() {
                return Ok(Ok(places.iter().map(|place| change(*place).1).collect()));
            }
        }
        Err(StoreError::Unavailable("the seats change too fast".into()))
    }
}
