//! Seats that another service holds and sells by itself, with no reservation of ours: all of them
//! or none, and safe to ask for twice.

use std::collections::HashMap;

use marquee_booking_domain::{
    ids::SessionId,
    seat::{Claim, SeatState, Transition},
    seat_ref::SeatPlace,
};
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::Timestamp;
use uuid::Uuid;

use super::{
    BookingStore,
    seat_update::{BlockUpdate, block_updates},
};

/// Tries at a change that conflicts with others' each time.
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
            None => Some(Transition::hold(claim, now)),
            Some(live) if live.owner == claim.owner => Some(Transition::exactly(state, state)),
            Some(_) => None,
        };
        let changes = self.change_all(session, places, decide).await?;
        Ok(changes.map(|changes| {
            let claims = changes.iter().filter_map(|(_, after)| after.live_claim(now));
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
        let decide = |state: SeatState| match state {
            SeatState::Sold(claim) if claim.owner == owner => {
                Some(Transition::exactly(state, state))
            }
            SeatState::Held(claim) | SeatState::Confirmed(claim) if claim.owner == owner => {
                Some(Transition::sell(claim))
            }
            _ => None,
        };
        let changes = self.change_all(session, places, decide).await?;
        Ok(changes.map(|changes| changes.iter().filter(|(before, after)| before != after).count()))
    }

    /// Reads the seats, and changes all of them by one transaction as `decide` says; what each was
    /// and is. `None` from `decide` means that the seat stands in the way.
    async fn change_all(
        &self,
        session: SessionId,
        places: &[SeatPlace],
        decide: impl Fn(SeatState) -> Option<Transition>,
    ) -> Result<Result<Vec<(SeatState, SeatState)>, Taken>, StoreError> {
        for _ in 0..TRIES_MAX {
            let before = self.seat_states(session, places).await?;
            let mut taken = Vec::new();
            let mut changes = HashMap::new();
            for (place, state) in places.iter().zip(&before) {
                match decide(*state) {
                    Some(change) => drop(changes.insert(*place, change)),
                    None => taken.push(*place),
                }
            }
            if !taken.is_empty() {
                return Ok(Err(taken));
            }
            let updates =
                block_updates(session, places.iter().copied(), |place| changes[&place].clone());
            let items = updates.iter().map(BlockUpdate::to_transact_item);
            if self.table.transact(items.collect::<Result<_, _>>()?).await?.is_ok() {
                let after = places.iter().map(|place| changes[place].to);
                return Ok(Ok(before.into_iter().zip(after).collect()));
            }
        }
        Err(StoreError::transient("the seats change too fast"))
    }
}
