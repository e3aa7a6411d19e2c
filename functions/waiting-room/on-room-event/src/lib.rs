//! `on-room-event`: makes rooms, and lets in the next when a place is free.
//!
//! Consumes `room_events`: what booking tells of sessions and reservations. A message that is no such event
//! is poison. Everything else is safe to see any number of times and in any order: a session has one
//! room, a reservation's seats are counted once, and a place ends once.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::future::join_all;
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::Clock;
use marquee_lambda::{
    consumer::{BatchHandler, Incoming, Outcome, guarded},
    metrics::{Amount, Measured},
};
use marquee_messaging::{publisher::Publisher, sockets::Sockets, topology::Queue};
use marquee_waiting_room::{
    events::{Change, ReservationChange, RoomEvent},
    metrics,
    push::Push,
    store::{
        WaitingRoomStore,
        admission::{Duties, Op, Tended},
    },
};
use marquee_waiting_room_domain::{
    ids::{EntryId, SessionId},
    lot::Seed,
    room::{Room, Settings},
};
use uuid::Uuid;

pub const QUEUE: &Queue = &marquee_waiting_room::topology::ROOM_EVENTS;

/// After which a batch lets nobody more in: the next event or the schedule goes on.
const ADMIT_FOR: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
pub struct OnRoomEvent {
    pub store: WaitingRoomStore,
    pub publisher: Arc<dyn Publisher>,
    /// Who is connected, to be told when they are let in.
    pub sockets: Arc<dyn Sockets>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl BatchHandler for OnRoomEvent {
    async fn handle_batch(&self, batch: &[Incoming]) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::Done; batch.len()];
        let mut rooms: BTreeMap<SessionId, Vec<(usize, RoomEvent)>> = BTreeMap::new();
        for (number, (incoming, outcome)) in batch.iter().zip(&mut outcomes).enumerate() {
            match RoomEvent::read(&incoming.message.body) {
                Ok(event) => rooms.entry(event.session()).or_default().push((number, event)),
                Err(reason) => *outcome = Outcome::Poison(reason),
            }
        }
        let handled = rooms.iter().map(|(session, events)| async {
            let failed = match guarded(self.handle(*session, events)).await {
                Ok(Ok(())) => return Vec::new(),
                Ok(Err(error)) => error.to_string(),
                Err(reason) => reason,
            };
            events.iter().map(|(number, _)| (*number, failed.clone())).collect()
        });
        for (number, failed) in join_all(handled).await.into_iter().flatten() {
            if let Some(outcome) = outcomes.get_mut(number) {
                *outcome = Outcome::RetryLater(failed);
            }
        }
        outcomes
    }
}

impl OnRoomEvent {
    /// The events of one session.
    async fn handle(
        &self,
        session: SessionId,
        events: &[(usize, RoomEvent)],
    ) -> Result<(), StoreError> {
        let mut ops = Vec::new();
        let mut known = false;
        for (_, event) in events {
            match event {
                RoomEvent::Created { .. } => self.create(event).await?,
                RoomEvent::Refused(refusal) => {
                    let entry = EntryId::of(refusal.session, refusal.user);
                    self.store.note_refusal(entry, refusal.place, &refusal.reason).await?;
                }
                RoomEvent::Reservation(change) => {
                    // Most sessions have no room, and their reservations no place.
                    known = known || change.place.is_some();
                    known = known || self.store.room(session, true).await?.is_some();
                    if known {
                        ops.extend(self.change(change).await?);
                    }
                }
            }
        }
        if ops.is_empty() {
            return Ok(());
        }
        let until = Some(self.clock.now() + ADMIT_FOR);
        let duties = Duties { ops, until, ..Duties::default() };
        let tended =
            self.store.tend(session, duties, self.clock.as_ref(), self.publisher.as_ref()).await?;
        tracing::info!(%session, ?tended, "tended");
        if let Some(tended) = tended {
            let push = Push { store: &self.store, sockets: &*self.sockets, now: self.clock.now() };
            push.your_turn(session, &tended.let_in).await;
            measure(tended);
        }
        Ok(())
    }

    async fn create(&self, event: &RoomEvent) -> Result<(), StoreError> {
        let RoomEvent::Created { session, organizer, seats, sales_start, sales_end } = *event
        else {
            return Ok(());
        };
        let room = Room {
            session,
            organizer,
            seats,
            sales_end,
            settings: Settings::new(sales_start),
            seed: new_seed(),
            drawn: None,
        };
        let new = self.store.create_room(&room).await?;
        tracing::info!(%session, new, "a waiting room");
        Ok(())
    }

    /// What is to be counted; what only prolongs a place is done at once.
    async fn change(&self, change: &ReservationChange) -> Result<Option<Op>, StoreError> {
        let ReservationChange { session, user, reservation, place, change } = *change;
        let entry = EntryId::of(session, user);
        Ok(match (change, place) {
            (Change::Held(until), Some(place)) => {
                self.store.keep_place(entry, place, reservation, until).await?;
                None
            }
            (Change::Confirmed { seats }, place) => {
                Some(Op::Sold { entry, place, reservation, seats })
            }
            (Change::Expired, Some(place)) => Some(Op::Free { entry, place, expired: true }),
            (Change::Cancelled, Some(place)) => Some(Op::Free { entry, place, expired: false }),
            (Change::Held(_) | Change::Expired | Change::Cancelled, None) => None,
        })
    }
}

/// `admit-visitors` measures what it does itself, and how the rooms stand.
fn measure(tended: Tended) {
    let Tended { admitted, abandoned, sold, .. } = tended;
    let counts = [
        (metrics::ADMITTED, admitted),
        (metrics::ABANDONED, abandoned),
        (metrics::SEATS_SOLD, sold),
    ];
    let amounts = counts.map(|(name, count)| (name, Amount::Count(count.into()))).to_vec();
    Measured { queue: None, amounts }.emit();
}

/// Of two random UUIDs: 244 bits that nobody can guess.
fn new_seed() -> Seed {
    let mut seed = [0; 32];
    let random = [Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes);
    for (byte, random) in seed.iter_mut().zip(random.concat()) {
        *byte = random;
    }
    Seed(seed)
}
