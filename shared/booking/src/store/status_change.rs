//! A reservation's step to another status, and the event that tells of it: one write.

use marquee_booking_domain::{
    payment::Payment,
    reservation::{Reservation, ReservationStatus},
    reservation_ref::ReservationRef,
};
use marquee_dynamo::{
    error::StoreError,
    item::{Item, instant, item, text, uuid},
    outbox,
    table::ConditionalUpdate,
};
use marquee_kernel::time::Timestamp;
use marquee_messaging::outbox::OutboxEvent;

use super::{keys, reservation_item};
use crate::events::{ReservationEvent, ReservationEventType};

/// A reservation's step to another status, with the event that tells of it.
pub(super) struct StatusChange<'a> {
    pub(super) to: ReservationStatus,
    pub(super) from: &'a [ReservationStatus],
    pub(super) event: ReservationEventType,
    pub(super) payment: Option<&'a Payment>,
    pub(super) now: Timestamp,
}

impl StatusChange<'_> {
    pub(super) fn update(
        &self,
        reservation: &Reservation,
    ) -> Result<ConditionalUpdate, StoreError> {
        let from: Vec<_> = (0..self.from.len()).map(|index| format!(":from{index}")).collect();
        let (pay, unpaid) = match self.payment {
            Some(_) => (", pay = :pay", " AND attribute_not_exists(pay)"),
            None => ("", ""),
        };
        Ok(ConditionalUpdate {
            key: keys::reservation(reference_of(reservation)?),
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
            (":to", Some(text(self.to.into_str()))),
            (":now", Some(instant(self.now))),
            (":event", Some(outbox::attribute(&event(reservation, self.event)))),
            (":pay", self.payment.map(reservation_item::write_payment)),
        ]);
        values.extend(from.into_iter().zip(self.from.iter().map(|status| text(status.into_str()))));
        values
    }
}

pub(super) fn reference_of(reservation: &Reservation) -> Result<ReservationRef, StoreError> {
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
        place_id: reservation.place,
    };
    OutboxEvent::once(id, event_type.routing_key(), &body)
}
