//! Bringing a room up to date: who is out, and who may come in.

use std::{collections::HashSet, time::Duration};

use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem},
};
use marquee_kernel::time::{Clock, Timestamp};
use marquee_messaging::publisher::Publisher;
use marquee_waiting_room_domain::{
    ids::{EntryId, SessionId},
    lot::Lot,
    phase::Phase,
    room::Room,
    standing::Standing,
};
use uuid::Uuid;

pub use super::op::Op;
use super::{TRIES_MAX, WaitingRoomStore, batch::Batch, conflict, keys, rooms::OpenRoom};

/// Visitors that one batch lets in, and places that it ends: an item of the tally of some 4 KB at most.
const ADMITS_MAX: u32 = 50;
const OPS_MAX: usize = 50;
/// Places that one look finds over, and such looks for one room and run: an index may show for a moment
/// what has changed.
const TIME_OUTS_MAX: usize = 200;
const TIME_OUT_LOOKS_MAX: u32 = 10;

/// What was done for a room. A batch counts for whoever began it, and not for those who helped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tended {
    pub admitted: u32,
    pub freed: u32,
    pub sold: u32,
    /// Slots in which nobody waited.
    pub passed_over: u32,
    /// Visitors who went without buying: those who left the line, as far as it came to their slots, and
    /// those whose place ended without a sale.
    pub abandoned: u32,
    /// Who was let in by batches that were begun here, if anybody may be connected to be told.
    pub let_in: Vec<EntryId>,
    /// How the room stood in the end.
    pub standing: Standing,
}

/// What is to be done besides letting in whoever may come in.
#[derive(Clone, Debug, Default)]
pub struct Duties {
    pub ops: Vec<Op>,
    /// Whether to look for places that are over.
    pub time_outs: bool,
    /// How long a place that is over still counts: what its visitor has reserved at the last moment may
    /// not be known yet.
    pub grace: Duration,
    /// When nothing more is begun but `ops`.
    pub until: Option<Timestamp>,
}

impl WaitingRoomStore {
    /// Ends what is to be ended, and lets in whoever may come in, until there is no more to do. A read
    /// unit for each batch, and one for the last look.
    pub async fn tend(
        &self,
        session: SessionId,
        mut duties: Duties,
        clock: &dyn Clock,
        publisher: &dyn Publisher,
    ) -> Result<Option<Tended>, StoreError> {
        let mut done = Tended::default();
        let mut lot = None;
        let (mut lost, mut looks) = (0, 0);
        loop {
            let Some(room) = self.room(session, true).await? else { return Ok(None) };
            let now = clock.now();
            if let Some(batch) = &room.batch {
                let lot = lot.get_or_insert_with(|| drawn(&room.room));
                self.finish(&room, batch, lot, publisher).await?;
                continue;
            }
            if should_draw(&room.room, now) {
                self.draw(session, now).await?;
                continue;
            }
            if duties.time_outs && duties.ops.is_empty() && room.tally.inside > 0 {
                let over = self.timed_out(session, now - duties.grace).await?;
                duties.time_outs = over.len() == TIME_OUTS_MAX && looks < TIME_OUT_LOOKS_MAX;
                looks += 1;
                duties.ops.extend(over);
            }
            let (batch, rest) = self.compose(&room, &duties, &mut lot, now).await?;
            let Some(batch) = batch else {
                done.standing = Standing::new(&room.room, &room.tally, now);
                return Ok(Some(done));
            };
            let Some(begun) = self.begin(room, batch.clone()).await? else {
                lost += 1;
                if lost == TRIES_MAX {
                    return Err(conflict("a room"));
                }
                continue;
            };
            duties.ops = rest;
            let lot = lot.get_or_insert_with(|| drawn(&begun.room));
            let (effect, let_in) = self.finish(&begun, &batch, lot, publisher).await?;
            done.admitted += effect.admitted;
            done.freed += effect.freed;
            done.sold += effect.sold;
            done.passed_over += effect.passed_over;
            done.abandoned += effect.abandoned;
            if begun.live {
                done.let_in.extend(let_in);
            }
        }
    }

    /// The next batch, if there is anything to do; and what does not fit in.
    async fn compose(
        &self,
        room: &OpenRoom,
        duties: &Duties,
        lot: &mut Option<Lot>,
        now: Timestamp,
    ) -> Result<(Option<Batch>, Vec<Op>), StoreError> {
        let first = room.tally.serving + 1;
        let places = match room.room.phase(&room.tally, now) {
            Phase::Open if duties.until.is_none_or(|until| now < until) => {
                room.tally.places(&room.room, now).min(ADMITS_MAX)
            }
            _ => 0,
        };
        let who = match places {
            0 => Vec::new(),
            places => {
                let lot = lot.get_or_insert_with(|| drawn(&room.room));
                self.next_in_line(room, lot, places).await?
            }
        };
        // One change for each entry, so that what a batch did to it can be told afterwards.
        let mut seen: HashSet<EntryId> = who.iter().copied().collect();
        let (mut ops, mut rest) = (Vec::new(), Vec::new());
        for op in &duties.ops {
            let fits = ops.len() < OPS_MAX && seen.insert(op.entry());
            if fits { ops.push(*op) } else { rest.push(*op) }
        }
        if who.is_empty() && ops.is_empty() {
            return Ok((None, rest));
        }
        let until = now + Duration::from_secs(room.room.settings.place_seconds.into());
        let over = now - duties.grace;
        let batch = Batch { id: Uuid::new_v4(), at: now, until, over, first, who, ops };
        Ok((Some(batch), rest))
    }

    /// Those at the front, as many as may come in.
    async fn next_in_line(
        &self,
        room: &OpenRoom,
        lot: &Lot,
        places: u32,
    ) -> Result<Vec<EntryId>, StoreError> {
        let first = room.tally.serving + 1;
        let mut seen = HashSet::new();
        let slots: Vec<_> = (first..).take(places as usize).map(|n| lot.slot_of(n)).collect();
        let who = self.who(room.room.session, &slots).await?;
        // Somebody who stands there twice is for two batches.
        let who = who.into_iter().map(|(_, entry)| entry).take_while(|entry| seen.insert(*entry));
        Ok(who.collect())
    }

    /// Places of this room that are over, as far as one page tells: half a read unit.
    async fn timed_out(&self, session: SessionId, over: Timestamp) -> Result<Vec<Op>, StoreError> {
        let list = keys::up_to(keys::inside(session), over);
        let found = self.table.entries(&list, None, TIME_OUTS_MAX).await?;
        found.iter().map(|found| Ok(Op::TimeOut { entry: entry_of(&found.key)? })).collect()
    }
}

/// Whether the room opens and its order is not drawn yet.
fn should_draw(room: &Room, now: Timestamp) -> bool {
    room.drawn.is_none() && room.settings.opens_at <= now
}

/// A room that is not drawn yet has no early slots that anybody could come to.
fn drawn(room: &Room) -> Lot {
    room.lot().unwrap_or_else(|| Lot::draw(room.seed, &[]))
}

fn entry_of(key: &Item) -> Result<EntryId, StoreError> {
    let entry = key.text(keys::PARTITION)?.strip_prefix("E#");
    let entry = entry.and_then(|entry| entry.parse().ok());
    entry.ok_or_else(|| StoreError::unreadable("an entry's id"))
}
