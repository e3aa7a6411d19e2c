//! `on-queue-joined`: puts those who join into the line.
//!
//! Consumes `queue_joined`. A message that is no arrival, or for a session without a waiting room, is poison.
//! Everything else is safe to see any number of times: a visitor has one entry, and who is in the line
//! keeps the place.
//!
//! A batch is put in the order in which its visitors came. Batches stand in the order in which they are
//! handled, so who came later than somebody else by more than batches take to be filled and handled
//! stands behind them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::future::join_all;
use marquee_dynamo::error::StoreError;
use marquee_lambda::consumer::{BatchHandler, Incoming, Outcome, guarded};
use marquee_messaging::topology::Queue;
use marquee_waiting_room::{events::Arrival, store::WaitingRoomStore};
use marquee_waiting_room_domain::ids::SessionId;

pub const QUEUE: &Queue = &marquee_waiting_room::topology::QUEUE_JOINED;

#[derive(Clone, Debug)]
pub struct OnQueueJoined {
    pub store: WaitingRoomStore,
}

/// A message's number in the batch, and who comes.
type Numbered = (usize, Arrival);

#[async_trait]
impl BatchHandler for OnQueueJoined {
    async fn handle_batch(&self, batch: &[Incoming]) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::Done; batch.len()];
        let mut rooms: BTreeMap<SessionId, Vec<Numbered>> = BTreeMap::new();
        for (number, (incoming, outcome)) in batch.iter().zip(&mut outcomes).enumerate() {
            match Arrival::read(&incoming.message.body) {
                Ok(arrival) => rooms.entry(arrival.session).or_default().push((number, arrival)),
                Err(reason) => *outcome = Outcome::Poison(reason),
            }
        }
        let taken = rooms.iter().map(|(session, arrivals)| self.take_in(*session, arrivals));
        for (number, came_to) in join_all(taken).await.into_iter().flatten() {
            if let Some(outcome) = outcomes.get_mut(number) {
                *outcome = came_to;
            }
        }
        outcomes
    }
}

impl OnQueueJoined {
    async fn take_in(&self, session: SessionId, numbered: &[Numbered]) -> Vec<(usize, Outcome)> {
        let all = |outcome: Outcome| {
            numbered.iter().map(|(number, _)| (*number, outcome.clone())).collect()
        };
        let room = match self.store.room(session, true).await {
            Ok(Some(room)) => room.room,
            Ok(None) => return all(Outcome::Poison("the session has no waiting room".into())),
            Err(error) => return all(Outcome::RetryLater(error.to_string())),
        };
        let (arrivals, copies) = once_each(numbered);
        let taken = match guarded(self.store.take_in(&room, &arrivals)).await {
            Ok(taken) => taken,
            Err(reason) => return all(Outcome::RetryLater(reason)),
        };
        tracing::info!(%session, visitors = arrivals.len(), "taken in");
        let outcomes: Vec<_> = taken.into_iter().map(outcome_of).collect();
        let of = |(number, which): &(usize, usize)| {
            (*number, outcomes.get(*which).cloned().unwrap_or(Outcome::Done))
        };
        copies.iter().map(of).collect()
    }
}

fn outcome_of(taken: Result<(), StoreError>) -> Outcome {
    match taken {
        Ok(()) => Outcome::Done,
        Err(error) => Outcome::RetryLater(error.to_string()),
    }
}

/// Each visitor once, as they came last: it may be that they left in between. And for each message, which of them it is of.
fn once_each(numbered: &[Numbered]) -> (Vec<Arrival>, Vec<(usize, usize)>) {
    let mut first: BTreeMap<_, usize> = BTreeMap::new();
    let mut arrivals: Vec<Arrival> = Vec::new();
    let mut copies = Vec::new();
    for (number, arrival) in numbered {
        let which = *first.entry(arrival.user.uuid()).or_insert(arrivals.len());
        match arrivals.get_mut(which) {
            Some(known) if known.at < arrival.at => *known = arrival.clone(),
            Some(_) => {}
            None => arrivals.push(arrival.clone()),
        }
        copies.push((*number, which));
    }
    (arrivals, copies)
}
