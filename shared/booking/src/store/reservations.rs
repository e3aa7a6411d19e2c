//! Reading reservations, and the changes that concern nothing else.

use marquee_booking_domain::{
    check_in::CheckIn,
    ids::ReservationId,
    payment::Payment,
    reservation::{Reservation, ReservationStatus},
};
use marquee_dynamo::{
    error::StoreError,
    item::{item, text, uuid},
    table::ConditionalUpdate,
};
use marquee_kernel::{ids::UserId, time::Timestamp};

use super::{
    BookingStore, keys, reservation_item,
    status_change::{StatusChange, reference_of},
};
use crate::events::ReservationEventType;

/// One page of a user's reservations.
#[derive(Clone, Debug)]
pub struct ReservationPage {
    pub reservations: Vec<Reservation>,
    pub next: Option<String>,
}

impl BookingStore {
    /// The reservation, whoever asks. One consistent read.
    pub async fn reservation(&self, id: ReservationId) -> Result<Option<Reservation>, StoreError> {
        let Some(reference) = id.locate() else { return Ok(None) };
        let found = self.table.get(keys::reservation(reference), true).await?;
        let reservation = found.as_ref().map(reservation_item::read).transpose()?;
        Ok(reservation.filter(|found| found.id == id))
    }

    /// The user's reservations for all sessions. Consistent, so that a ticket is there as soon as its
    /// confirmation was answered.
    pub async fn reservations_of(
        &self,
        user: UserId,
        limit: i32,
        after: Option<&str>,
    ) -> Result<ReservationPage, StoreError> {
        let partition = keys::user_partition(user);
        let (items, next) = self.table.query_page_now(&partition, "R#", limit, after).await?;
        let mut reservations = Vec::with_capacity(items.len());
        for item in &items {
            reservations.push(reservation_item::read(item)?);
        }
        reservations.retain(|reservation| reservation.user == user);
        reservations.sort_by_key(|reservation| reservation.created_at);
        Ok(ReservationPage { reservations, next })
    }

    /// Marks a reservation expired whose hold has run out; `false` if it is no longer active.
    pub async fn expire(
        &self,
        reservation: &Reservation,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let change = StatusChange {
            to: ReservationStatus::Expired,
            from: &[ReservationStatus::Active],
            event: ReservationEventType::Expired,
            payment: None,
            now,
        };
        Ok(self.table.update(change.update(reservation)?).await?.is_ok())
    }

    /// Puts on record that a payment came too late and goes back, so that the reservation can never be
    /// confirmed; `false` if it was confirmed first, or another payment is on record.
    pub async fn record_too_late(
        &self,
        reservation: &Reservation,
        payment: &Payment,
    ) -> Result<bool, StoreError> {
        let update = ConditionalUpdate {
            key: keys::reservation(reference_of(reservation)?),
            update: "SET pay = :pay".into(),
            condition: "id = :id AND (attribute_not_exists(pay) OR pay.id = :payment) \
                        AND #status <> :confirmed"
                .into(),
            names: Some(reservation_item::names()),
            values: item([
                (":id", Some(uuid(reservation.id.uuid()))),
                (":pay", Some(reservation_item::write_payment(payment))),
                (":payment", Some(text(payment.id.as_str()))),
                (":confirmed", Some(text(ReservationStatus::Confirmed.into_str()))),
            ]),
        };
        Ok(self.table.update(update).await?.is_ok())
    }

    /// Uses a ticket of a confirmed reservation. Of any number of requests at once, one succeeds;
    /// the others get the first use.
    pub async fn check_in(
        &self,
        reservation: &Reservation,
        index: usize,
        check_in: &CheckIn,
    ) -> Result<Result<(), CheckIn>, StoreError> {
        let used = reservation_item::check_in_name(index);
        let update = ConditionalUpdate {
            key: keys::reservation(reference_of(reservation)?),
            update: format!("SET {used} = :use"),
            condition: format!(
                "id = :id AND #status = :confirmed AND attribute_not_exists({used})"
            ),
            names: Some(reservation_item::names()),
            values: item([
                (":id", Some(uuid(reservation.id.uuid()))),
                (":use", Some(reservation_item::write_check_in(check_in))),
                (":confirmed", Some(text(ReservationStatus::Confirmed.into_str()))),
            ]),
        };
        let Err(old) = self.table.update(update).await? else { return Ok(Ok(())) };
        match reservation_item::read(&old)?.check_ins.remove(&index) {
            // The very same use is this request's own, its answer lost.
            Some(first) if first == *check_in => Ok(Ok(())),
            Some(first) => Ok(Err(first)),
            None => Err(StoreError::permanent("a ticket that cannot be used")),
        }
    }
}
