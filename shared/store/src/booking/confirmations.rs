//! Confirming and cancelling: one request that changes the seats and the reservation together.

use aws_sdk_dynamodb::types::TransactWriteItem;
use marquee_domain::{
    booking::{
        payment::Payment,
        reservation::{Reservation, ReservationStatus},
        seat::SeatState,
    },
    time::Timestamp,
};
use marquee_messaging::events::reservation::ReservationEventType;

use super::{
    BookingStore, keys, reservation_item,
    reservations::{event, place_of},
    seat_update::{BlockUpdate, Expected, block_updates},
};
use crate::{
    error::StoreError,
    item::{Item, instant, item, text, uuid},
    outbox,
    table::{GuardedUpdate, condition_failed},
};

#[derive(Clone, Debug)]
pub enum ConfirmOutcome {
    Confirmed(Reservation),
    /// The hold had run out and somebody else has one of the seats.
    HoldLost,
    /// Another request changed the reservation first: read it again.
    Changed,
}

impl BookingStore {
    /// Confirms and pins the seats. Each must still carry this reservation's own hold, run out or
    /// not, or be free: whoever took one in the meantime keeps it.
    pub async fn confirm(
        &self,
        reservation: &Reservation,
        payment: &Payment,
        now: Timestamp,
    ) -> Result<ConfirmOutcome, StoreError> {
        let claim = reservation.claim();
        let own = Expected { any_of: vec![SeatState::Held(claim)], or_free_at: Some(now) };
        let updates = block_updates(
            reservation.session,
            reservation.seats.iter().map(|seat| seat.place),
            |_| (own.clone(), SeatState::Pinned(claim)),
        );
        let change = Change {
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
        let held = SeatState::Held(reservation.claim());
        let updates = block_updates(
            reservation.session,
            reservation.seats.iter().map(|seat| seat.place),
            |_| (Expected::exactly(held), SeatState::Free),
        );
        let change = Change {
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
        change: &Change<'_>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let last = change.update(reservation)?.into_transact_item()?;
        updates.iter().map(BlockUpdate::to_transact_item).chain([Ok(last)]).collect()
    }
}

/// A reservation's step to another status, with the event that tells of it.
pub(super) struct Change<'a> {
    pub(super) to: ReservationStatus,
    pub(super) from: &'a [ReservationStatus],
    pub(super) event: ReservationEventType,
    pub(super) payment: Option<&'a Payment>,
    pub(super) now: Timestamp,
}

impl Change<'_> {
    pub(super) fn update(&self, reservation: &Reservation) -> Result<GuardedUpdate, StoreError> {
        let from: Vec<_> = (0..self.from.len()).map(|index| format!(":from{index}")).collect();
        let (pay, unpaid) = match self.payment {
            Some(_) => (", pay = :pay", " AND attribute_not_exists(pay)"),
            None => ("", ""),
        };
        Ok(GuardedUpdate {
            key: keys::reservation(place_of(reservation)?),
            update: format!(
                "SET #status = :to, updated = :now, outbox = :event{pay} REMOVE {}",
                keys::DUE
            ),
            condition: format!("id = :id AND #status IN ({}){unpaid}", from.join(", ")),
            names: Some(reservation_item::names()),
            values: self.values(reservation, from),
        })
    }

    fn values(&self, reservation: &Reservation, from: Vec<String>) -> Item {
        let mut values = item([
            (":id", Some(uuid(reservation.id.uuid()))),
            (":to", Some(text(self.to.name()))),
            (":now", Some(instant(self.now))),
            (":event", Some(outbox::attribute(&event(reservation, self.event)))),
            (":pay", self.payment.map(reservation_item::write_payment)),
        ]);
        values.extend(from.into_iter().zip(self.from.iter().map(|status| text(status.name()))));
        values
    }
}
