//! Finding events that never had their effect.
//!
//! A seat that is still held or confirmed well after its hold has run out is waiting for an event:
//! that its reservation was confirmed, or has expired. The seat names the reservation, and the
//! reservation keeps its last event, so nothing has to be marked when events are published. No
//! seat waits for a cancellation, which frees its seats in its own transaction, nor for its hold's
//! event, which the waiting room alone hears.

use std::collections::BTreeSet;

use marquee_booking_domain::{
    ids::{ReservationId, SessionId},
    seat::SeatState,
    venue::Session,
};
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, SORT},
    outbox,
};
use marquee_kernel::time::Timestamp;
use marquee_messaging::outbox::{ATTRIBUTE, OutboxEvent};

use crate::events::ReservationEventType;

use super::{
    BookingStore, keys,
    sessions::is_ready,
    venues::{Entity, ListFilter},
};

/// Some of the sessions that are on sale, or were.
#[derive(Clone, Debug)]
pub struct SessionsPage {
    pub sessions: Vec<Session>,
    /// Records of sessions that cannot be read: they need a person, and must not keep the others from
    /// being looked through.
    pub unreadable: usize,
    /// Where the next page begins, if there may be one.
    pub next: Option<String>,
}

/// The last events of reservations, as they were written.
#[derive(Clone, Debug)]
pub struct LastEvents {
    pub events: Vec<OutboxEvent>,
    /// Those that cannot be read.
    pub unreadable: usize,
}

impl BookingStore {
    /// All sessions in the order of their identifiers, from the one after `after`.
    pub async fn sessions_from(
        &self,
        after: Option<&str>,
        limit: i32,
    ) -> Result<SessionsPage, StoreError> {
        let (items, next) = self.entity_items(Session::KIND, ListFilter::All, limit, after).await?;
        let ready = items.iter().filter(|item| is_ready(item));
        let (sessions, unreadable) = readable(ready, Session::read);
        Ok(SessionsPage { sessions, unreadable, next })
    }

    /// The reservations whose seats still wait, though their hold ran out before `before`. Costs
    /// what the seat map costs: 2.5 read units for 10,000 seats.
    pub async fn left_waiting(
        &self,
        session: SessionId,
        before: Timestamp,
    ) -> Result<BTreeSet<ReservationId>, StoreError> {
        let blocks = self.seat_blocks(session).await?;
        let waiting = |state: &SeatState| match state {
            SeatState::Held(claim) | SeatState::Confirmed(claim) if claim.until < before => {
                Some(ReservationId::new(claim.owner))
            }
            _ => None,
        };
        Ok(blocks.iter().flat_map(|block| block.seats.values().filter_map(waiting)).collect())
    }

    /// The last events of those reservations that are ours and have had one since their hold. Half a read unit each, a
    /// hundred in a request.
    pub async fn last_events(
        &self,
        ids: impl IntoIterator<Item = ReservationId>,
    ) -> Result<LastEvents, StoreError> {
        let places = ids.into_iter().filter_map(ReservationId::locate);
        let found = self.table.batch_get(places.map(keys::reservation).collect(), false).await?;
        let events = found.iter().filter_map(|item| item.optional_map(ATTRIBUTE));
        let (mut events, unreadable) = readable(events, outbox::read);
        events.retain(|event| event.routing_key != ReservationEventType::Held.routing_key());
        Ok(LastEvents { events, unreadable })
    }

    /// After which session the reconciler goes on; `None`: at the first.
    pub async fn reconciled_to(&self) -> Result<Option<String>, StoreError> {
        self.table.read_cursor(JOB).await
    }

    /// Puts on record where the reconciler goes on.
    pub async fn set_reconciled_to(&self, session: Option<&str>) -> Result<(), StoreError> {
        self.table.write_cursor(JOB, session).await
    }
}

const JOB: &str = "reconcile";

/// What can be read of some items, and how many cannot.
fn readable<'a, T>(
    items: impl Iterator<Item = &'a Item>,
    read: impl Fn(&Item) -> Result<T, StoreError>,
) -> (Vec<T>, usize) {
    let (mut found, mut unreadable) = (Vec::new(), 0);
    for item in items {
        match read(item) {
            Ok(it) => found.push(it),
            Err(error) => {
                tracing::error!(%error, key = ?item.optional_text(SORT), "an item cannot be read");
                unreadable += 1;
            }
        }
    }
    (found, unreadable)
}
