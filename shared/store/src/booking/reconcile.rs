//! Finding events that never had their effect.
//!
//! A seat that is still held or pinned well after its hold has run out is waiting for an event:
//! that its reservation was confirmed, or has expired. The seat names the reservation, and the
//! reservation keeps its last event, so nothing has to be marked when events are published. No
//! seat waits for a cancellation, which frees its seats in its own transaction.

use std::collections::BTreeSet;

use marquee_domain::{
    booking::seat::SeatState,
    ids::{ReservationId, SessionId},
    time::Timestamp,
};
use marquee_messaging::outbox::{ATTRIBUTE, OutboxEvent};

use super::{BookingStore, keys};
use crate::{error::StoreError, item::ReadItem, outbox};

impl BookingStore {
    /// The reservations whose seats still wait, though their hold ran out before `before`. Costs
    /// what the seat map costs: 2.5 read units for 10,000 seats.
    pub async fn left_waiting(
        &self,
        session: SessionId,
        before: Timestamp,
    ) -> Result<BTreeSet<ReservationId>, StoreError> {
        let blocks = self.seat_blocks(session).await?;
        let waiting = |state: &SeatState| match state {
            SeatState::Held(claim) | SeatState::Pinned(claim) if claim.until < before => {
                Some(ReservationId::new(claim.owner))
            }
            _ => None,
        };
        Ok(blocks.iter().flat_map(|block| block.seats.values().filter_map(waiting)).collect())
    }

    /// The last event of a reservation, as it was written. `None` if it has had none, or is not
    /// one of ours. Half a read unit.
    pub async fn last_event(&self, id: ReservationId) -> Result<Option<OutboxEvent>, StoreError> {
        let Some(place) = id.locate() else { return Ok(None) };
        let found = self.table.get(keys::reservation(place), false).await?;
        let event = found.as_ref().and_then(|item| item.optional_map(ATTRIBUTE));
        event.map(outbox::read).transpose()
    }
}
