//! Taking visitors in, a batch at a time.

use futures_util::{StreamExt, stream};
use marquee_dynamo::error::StoreError;
use marquee_waiting_room_domain::{
    ids::EntryId,
    room::Room,
    slot::{EARLY_LINES, Line, Slot},
};
use uuid::Uuid;

use super::{TRIES_MAX, WaitingRoomStore, conflict, entries::Joining, line::STRETCH_LEN_MAX};
use crate::events::Arrival;

/// Entries that are written at the same time.
const WRITES_AT_ONCE: usize = 50;

impl WaitingRoomStore {
    /// Takes these visitors in, in the order in which they came; what became of each, in the order given.
    /// One write unit for each, and two for each hundred.
    pub async fn take_in(&self, room: &Room, arrivals: &[Arrival]) -> Vec<Result<(), StoreError>> {
        let mut order: Vec<usize> = (0..arrivals.len()).collect();
        order.sort_by_key(|index| arrivals.get(*index).map(|arrival| arrival.at));
        let is_early = |index: &usize| {
            let at = arrivals.get(*index).map(|arrival| arrival.at);
            room.drawn.is_none() && at.is_some_and(|at| at < room.settings.opens_at)
        };
        let (early, main): (Vec<_>, Vec<_>) = order.into_iter().partition(is_early);
        let mut outcomes: Vec<_> = arrivals.iter().map(|_| Ok(())).collect();
        for (line, who) in [(some_early_line(), early), (Line::Main, main)] {
            for stretch in who.chunks(STRETCH_LEN_MAX) {
                for (index, outcome) in self.stand(room, line, arrivals, stretch).await {
                    if let Some(place) = outcomes.get_mut(index) {
                        *place = outcome;
                    }
                }
            }
        }
        outcomes
    }

    /// Puts some of these at the end of a line, or of the main line if it is closed.
    async fn stand(
        &self,
        room: &Room,
        mut line: Line,
        arrivals: &[Arrival],
        stretch: &[usize],
    ) -> Vec<(usize, Result<(), StoreError>)> {
        let mut done = Vec::new();
        let mut left = stretch.to_vec();
        for _ in 0..TRIES_MAX {
            let there: Vec<_> = left
                .iter()
                .filter_map(|index| Some((*index, arrivals.get(*index)?.clone())))
                .collect();
            if there.is_empty() {
                return done;
            }
            let who: Vec<_> =
                there.iter().map(|(_, who)| EntryId::of(room.session, who.user)).collect();
            let first = match self.append(room.session, line, &who).await {
                Ok(Some(first)) => first,
                Ok(None) => {
                    line = Line::Main;
                    continue;
                }
                Err(error) => {
                    let failed = |index| (index, Err(StoreError::transient(error.to_string())));
                    done.extend(left.into_iter().map(failed));
                    return done;
                }
            };
            let joins = (first..).zip(there).map(|(slot, (index, arrival))| async move {
                (index, self.join(&arrival, Slot { line, index: slot }).await)
            });
            let joined: Vec<_> =
                stream::iter(joins).buffer_unordered(WRITES_AT_ONCE).collect().await;
            left.clear();
            for (index, outcome) in joined {
                match outcome {
                    Ok(Joining::PassedOver) => left.push(index),
                    Ok(Joining::NotYet) => {
                        let wait = "the visitor's earlier place still counts";
                        done.push((index, Err(StoreError::transient(wait))));
                    }
                    Ok(Joining::Joined | Joining::Known) => done.push((index, Ok(()))),
                    Err(error) => done.push((index, Err(error))),
                }
            }
            // In the order in which they came, and behind those that are in line by now.
            left.sort_by_key(|index| arrivals.get(*index).map(|arrival| arrival.at));
            line = Line::Main;
        }
        done.extend(left.into_iter().map(|index| (index, Err(conflict("the line")))));
        done
    }
}

/// Batches spread over the early lines.
fn some_early_line() -> Line {
    let (random, _) = Uuid::new_v4().as_u64_pair();
    Line::Early(u8::try_from(random % u64::from(EARLY_LINES)).unwrap_or_default())
}
