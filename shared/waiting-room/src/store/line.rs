//! The lines: who stands in which slot.
//!
//! A line is a chain of stretches, each with the visitors of one batch. A stretch is keyed by its first
//! slot, which is the one after the last of the stretch before, and written only if none begins there. So
//! a batch gets its slots and says who has them in one conditional write, no slot is given out twice, and
//! none is without a name.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, bytes, item, text, uuid},
};
use marquee_waiting_room_domain::{
    ids::{EntryId, SessionId},
    slot::{Line, Slot},
};
use uuid::Uuid;

use super::{TRIES_MAX, WaitingRoomStore, conflict, keys};

/// Who stands in the stretch: 16 bytes each.
const WHO: &str = "who";
/// Which claim wrote it.
const BY: &str = "by";
/// The line's end: no stretch comes after it.
const CLOSED: &str = "closed";
/// Reads of single slots under way at a time.
const READS_AT_ONCE: usize = 10;

/// Of one stretch: with their keys, 1,000 take 16 KB, which are 16 write units.
pub const STRETCH_LEN_MAX: usize = 1_000;

struct Stretch {
    first: u64,
    who: Vec<EntryId>,
    closed: bool,
}

impl Stretch {
    fn read(item: &Item) -> Result<Self, StoreError> {
        let first = item.text(keys::SORT)?.parse();
        let who = item.optional_bytes(WHO).unwrap_or_default().chunks(16);
        let who = who.map(|id| Uuid::from_slice(id).map(EntryId::new));
        Ok(Self {
            first: first.map_err(|_| StoreError::unreadable("a stretch's first slot"))?,
            who: who.collect::<Result<_, _>>().map_err(|_| StoreError::unreadable(WHO))?,
            closed: item.contains_key(CLOSED),
        })
    }

    fn end(&self) -> u64 {
        self.first + self.who.len() as u64
    }
}

impl WaitingRoomStore {
    /// Puts these at the end of a line, in their order: the first one's slot; `None` if the line is
    /// closed. One write unit for each 60 of them, one more for each other that was written at the same
    /// moment, and a read unit.
    pub async fn append(
        &self,
        session: SessionId,
        line: Line,
        who: &[EntryId],
    ) -> Result<Option<u64>, StoreError> {
        let who: Vec<u8> = who.iter().flat_map(|id| id.uuid().into_bytes()).collect();
        self.write_at_end(session, line, item([(WHO, Some(bytes(who)))])).await
    }

    /// Closes a line, and says how many slots it has.
    pub(super) async fn close_line(
        &self,
        session: SessionId,
        line: Line,
    ) -> Result<u32, StoreError> {
        let end = item([(CLOSED, Some(text("yes")))]);
        let count = match self.write_at_end(session, line, end).await? {
            Some(count) => count,
            None => {
                self.last_stretch(session, line, None, true).await?.map_or(0, |last| last.first)
            }
        };
        u32::try_from(count).map_err(|_| StoreError::permanent("a line of more than 2^32 slots"))
    }

    async fn write_at_end(
        &self,
        session: SessionId,
        line: Line,
        attributes: Item,
    ) -> Result<Option<u64>, StoreError> {
        let by = Uuid::new_v4();
        let last = self.last_stretch(session, line, None, true).await?;
        let (mut end, mut closed) = last.map_or((0, false), |last| (last.end(), last.closed));
        for _ in 0..TRIES_MAX {
            if closed {
                return Ok(None);
            }
            let mut stretch = attributes.clone();
            let partition = keys::partition_of_line(session, line);
            stretch.extend(marquee_dynamo::item::key(partition, keys::stretch(end)));
            stretch.insert(BY.to_owned(), uuid(by));
            let Some(other) = self.table.put_new(stretch).await? else { return Ok(Some(end)) };
            if other.optional_uuid(BY) == Some(by) {
                // Our own, and its answer was lost.
                return Ok(Some(end));
            }
            let other = Stretch::read(&other)?;
            (end, closed) = (other.end(), other.closed);
        }
        Err(conflict("a line"))
    }

    /// How many slots the main line had a moment ago: half a read unit for each 4 KB of its last stretch,
    /// which are 250 visitors.
    pub async fn main_slots(&self, session: SessionId) -> Result<u64, StoreError> {
        let last = self.last_stretch(session, Line::Main, None, false).await?;
        Ok(last.map_or(0, |last| last.end()))
    }

    /// Who stands in these slots, in their order, up to the first that nobody has: a read unit for each
    /// 4 KB of stretches, which is one or two for neighbours in the main line, and one for each slot of an
    /// early line.
    pub(super) async fn who(
        &self,
        session: SessionId,
        slots: &[Slot],
    ) -> Result<Vec<(Slot, EntryId)>, StoreError> {
        let (main, early): (Vec<Slot>, Vec<Slot>) =
            slots.iter().partition(|slot| slot.line == Line::Main);
        let early = stream::iter(early.into_iter().map(|slot| self.who_at(session, slot)));
        let mut known: HashMap<Slot, EntryId> = early
            .buffer_unordered(READS_AT_ONCE)
            .try_filter_map(async |found| Ok(found))
            .try_collect()
            .await?;
        if let (Some(first), Some(last)) = (main.first(), main.last()) {
            known.extend(self.who_from(session, first.index, last.index).await?);
        }
        let known = slots.iter().map_while(|slot| Some((*slot, *known.get(slot)?)));
        Ok(known.collect())
    }

    async fn who_at(
        &self,
        session: SessionId,
        slot: Slot,
    ) -> Result<Option<(Slot, EntryId)>, StoreError> {
        let stretch = self.last_stretch(session, slot.line, Some(slot.index), true).await?;
        let who = stretch.and_then(|stretch| {
            stretch.who.get(usize::try_from(slot.index - stretch.first).ok()?).copied()
        });
        Ok(who.map(|who| (slot, who)))
    }

    async fn who_from(
        &self,
        session: SessionId,
        first: u64,
        last: u64,
    ) -> Result<Vec<(Slot, EntryId)>, StoreError> {
        let Some(before) = self.last_stretch(session, Line::Main, Some(first), true).await? else {
            return Ok(Vec::new());
        };
        let mut stretches = vec![before];
        if stretches.iter().all(|stretch| stretch.end() <= last) {
            let partition = keys::partition_of_line(session, Line::Main);
            let after = stretches.last().map_or(0, |stretch| stretch.first);
            let query = self.table.query(&partition, "", true);
            let query = query
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":from", text(keys::stretch(after + 1)))
                .expression_attribute_values(":to", text(keys::stretch(last)));
            let found = query.send().await.map_err(StoreError::from_sdk)?;
            for item in found.items.unwrap_or_default() {
                stretches.push(Stretch::read(&item)?);
            }
        }
        let of_stretch = |stretch: Stretch| {
            let slots = (stretch.first..).map(|index| Slot { line: Line::Main, index });
            slots.zip(stretch.who)
        };
        Ok(stretches.into_iter().flat_map(of_stretch).collect())
    }

    /// The last stretch of a line that begins at this slot or before it.
    async fn last_stretch(
        &self,
        session: SessionId,
        line: Line,
        up_to: Option<u64>,
        consistent: bool,
    ) -> Result<Option<Stretch>, StoreError> {
        let query = self.table.query(&keys::partition_of_line(session, line), "", consistent);
        let query = match up_to {
            None => query,
            Some(index) => query
                .key_condition_expression("pk = :pk AND sk <= :to")
                .expression_attribute_values(":to", text(keys::stretch(index))),
        };
        let found = query.scan_index_forward(false).limit(1).send().await;
        let found = found.map_err(StoreError::from_sdk)?.items.unwrap_or_default();
        found.first().map(Stretch::read).transpose()
    }
}
