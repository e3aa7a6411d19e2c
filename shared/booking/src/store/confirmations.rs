//! Confirming and cancelling: one request that changes the seats and the reservation together.

use aws_sdk_dynamodb::types::TransactWriteItem;
use marquee_booking_domain::{
    payment::Payment,
    reservation::{Reservation, ReservationStatus},
    seat::Transition,
};
use marquee_dynamo::{error::StoreError, table::condition_failed};
use marquee_kernel::time::Timestamp;

use super::{
    BookingStore,
    seat_update::{BlockUpdate, block_updates},
    status_change::StatusChange,
};
use crate::events::ReservationEventType;

#[derive(Clone, Debug)]
pub enum ConfirmOutcome {
    Confirmed(Reservation),
    /// The hold had run out and somebody else has one of the seats.
    HoldLost,
    /// Another request changed the reservation first: read it again.
    Changed,
}

impl BookingStore {
    /// Confirms the reservation and its seats. Each must still carry this reservation's own hold, run out or
    /// not, or be free: whoever took one in the meantime keeps it.
    pub async fn confirm(
        &self,
        reservation: &Reservation,
        payment: &Payment,
        now: Timestamp,
    ) -> Result<ConfirmOutcome, StoreError> {
        let confirm = Transition::confirm(reservation.claim(), now);
        let updates = block_updates(
            reservation.session,
            reservation.seats.iter().map(|seat| seat.place),
            |_| confirm.clone(),
        );
        let change = StatusChange {
            to: ReservationStatus::Confirmed,
            from: &[ReservationStatus::Active, ReservationStatus::Expired],
            event: ReservationEventType::Confirmed,
            payment: Some(payment),
            now,
        };
        let items = self.with_blocks(&updates, reservation, &change)?;
        match self.table.transact(items).await? {
            Ok(()) => Ok(ConfirmOutcome::Confirmed(Reservation {
                status: ReservationStatus::Confirmed,
                updated_at: now,
                payment: Some(payment.clone()),
                ..reservation.clone()
            })),
            // The seats are lost only if the reservation itself was not being changed.
            Err(reasons) => match reasons.last().and_then(|reason| reason.code()) {
                None | Some("None") => Ok(ConfirmOutcome::HoldLost),
                Some(_) => Ok(ConfirmOutcome::Changed),
            },
        }
    }

    /// Cancels an active reservation and frees its seats; `None` if another request changed it
    /// first.
    pub async fn cancel(
        &self,
        reservation: &Reservation,
        now: Timestamp,
    ) -> Result<Option<Reservation>, StoreError> {
        let release = Transition::release(reservation.claim());
        let updates = block_updates(
            reservation.session,
            reservation.seats.iter().map(|seat| seat.place),
            |_| release.clone(),
        );
        let change = StatusChange {
            to: ReservationStatus::Cancelled,
            from: &[ReservationStatus::Active],
            event: ReservationEventType::Cancelled,
            payment: None,
            now,
        };
        let cancelled = Reservation {
            status: ReservationStatus::Cancelled,
            updated_at: now,
            ..reservation.clone()
        };
        let items = self.with_blocks(&updates, reservation, &change)?;
        let Err(reasons) = self.table.transact(items).await? else { return Ok(Some(cancelled)) };
        if condition_failed(reasons.last()) {
            return Ok(None);
        }
        // A seat is somebody else's already, as when a clock ahead of ours saw the hold run out:
        // there is nothing of ours to free.
        let alone = self.with_blocks(&[], reservation, &change)?;
        Ok(self.table.transact(alone).await?.is_ok().then_some(cancelled))
    }

    fn with_blocks(
        &self,
        updates: &[BlockUpdate],
        reservation: &Reservation,
        change: &StatusChange<'_>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let last = change.update(reservation)?.into_transact_item()?;
        updates.iter().map(BlockUpdate::to_transact_item).chain([Ok(last)]).collect()
    }
}
