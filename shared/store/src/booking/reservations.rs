//! Reading reservations, and the changes that concern nothing else.

use marquee_domain::{
    booking::{
        payment::Payment,
        reservation::{Reservation, ReservationStatus},
        reservation_ref::ReservationRef,
        ticket::CheckIn,
    },
    ids::{ReservationId, UserId},
    time::Timestamp,
};
use marquee_messaging::{
    events::reservation::{ReservationEvent, ReservationEventType},
    outbox::OutboxEvent,
};

use super::{BookingStore, confirmations::Change, keys, reservation_item};
use crate::{
    error::StoreError,
    item::{item, text, uuid},
    table::GuardedUpdate,
};

/// One page of a user's reservations.
#[derive(Clone, Debug)]
pub struct ReservationPage {
    pub reservations: Vec<Reservation>,
    pub next: Option<String>,
}

impl BookingStore {
    /// The reservation, whoever asks. One consistent read.
    pub async fn reservation(&self, id: ReservationId) -> Result<Option<Reservation>, StoreError> {
        let Some(place) = id.locate() else { return Ok(None) };
        let found = self.table.get(keys::reservation(place), true).await?;
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
        let change = Change {
            to: ReservationStatus::Expired,
            from: &[ReservationStatus::Active],
            event: ReservationEventType::Expired,
            payment: None,
            now,
        };
        Ok(self.table.update(change.update(reservation)?).await?.is_ok())
    }

    /// Records what became of a payment that came for a lost hold. A payment recorded for another
    /// reason stays; `false` then.
    pub async fn record_payment(
        &self,
        reservation: &Reservation,
        payment: &Payment,
    ) -> Result<bool, StoreError> {
        let guarded = GuardedUpdate {
            key: keys::reservation(place_of(reservation)?),
            update: "SET pay = :pay".into(),
            condition: "id = :id AND (attribute_not_exists(pay) OR pay.id = :payment) \
                        AND #status <> :confirmed"
                .into(),
            names: Some(reservation_item::names()),
            values: item([
                (":id", Some(uuid(reservation.id.uuid()))),
                (":pay", Some(reservation_item::write_payment(payment))),
                (":payment", Some(text(&payment.id))),
                (":confirmed", Some(text(ReservationStatus::Confirmed.name()))),
            ]),
        };
        Ok(self.table.update(guarded).await?.is_ok())
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
        let guarded = GuardedUpdate {
            key: keys::reservation(place_of(reservation)?),
            update: format!("SET {used} = :use"),
            condition: format!(
                "id = :id AND #status = :confirmed AND attribute_not_exists({used})"
            ),
            names: Some(reservation_item::names()),
            values: item([
                (":id", Some(uuid(reservation.id.uuid()))),
                (":use", Some(reservation_item::write_check_in(check_in))),
                (":confirmed", Some(text(ReservationStatus::Confirmed.name()))),
            ]),
        };
        let Err(old) = self.table.update(guarded).await? else { return Ok(Ok(())) };
        match reservation_item::read(&old)?.check_ins.remove(&index) {
            // The very same use is this request's own, its answer lost.
            Some(first) if first == *check_in => Ok(Ok(())),
            Some(first) => Ok(Err(first)),
            None => Err(StoreError::Broken("a ticket that cannot be used".into())),
        }
    }
}

pub(super) fn place_of(reservation: &Reservation) -> Result<ReservationRef, StoreError> {
    reservation.id.locate().ok_or_else(|| StoreError::unreadable("a reservation's id"))
}

pub(super) fn event(reservation: &Reservation, event_type: ReservationEventType) -> OutboxEvent {
    let id = reservation.id.uuid();
    let body = ReservationEvent {
        event_type,
        reservation_id: id,
        user_id: reservation.user.uuid(),
        session_id: reservation.session.uuid(),
        session_seat_ids: reservation.seats.iter().map(|s| s.session_seat_id.uuid()).collect(),
        expiry_time: Some(reservation.expires_at.to_rfc3339_millis()),
    };
    OutboxEvent::once(id, event_type.routing_key(), &body)
}
