//! Rooms and their settings.

use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, instant, text},
    table::{Change, Page},
};
use marquee_kernel::time::Timestamp;
use marquee_waiting_room_domain::{
    ids::SessionId,
    room::{Room, Settings},
    slot::Line,
    tally::Tally,
};

use super::{
    WaitingRoomStore,
    batch::{BATCH, Batch},
    items::{self, write_counts},
    keys,
};

const VERSION: &str = "v";

/// A room, what it has counted, and the batch that is being done, if one is.
#[derive(Clone, Debug)]
pub struct OpenRoom {
    pub room: Room,
    pub tally: Tally,
    /// Whether anybody has ever been connected to be told of it.
    pub live: bool,
    pub(super) version: u64,
    pub(super) batch: Option<Batch>,
}

impl WaitingRoomStore {
    /// Two write units; `false` if the session has a room.
    pub async fn create_room(&self, room: &Room) -> Result<bool, StoreError> {
        let mut item = keys::room(room.session);
        item.extend(items::write_room(room));
        item.insert(keys::LIST.to_owned(), text(keys::ROOMS));
        let at = keys::position(room.sales_end, room.session);
        item.insert(keys::AT.to_owned(), text(at));
        Ok(self.table.put_new(item).await?.is_none())
    }

    /// A room as it is: one read unit. It was a moment ago, for half of that, if not `consistent`.
    pub async fn room(
        &self,
        session: SessionId,
        consistent: bool,
    ) -> Result<Option<OpenRoom>, StoreError> {
        let query = self.table.query(&keys::partition_of_room(session), "", consistent);
        let found = query.send().await.map_err(StoreError::from_sdk)?.items.unwrap_or_default();
        let by = |sort| found.iter().find(|item| item.optional_text(keys::SORT) == Some(sort));
        let Some(room) = by(keys::ROOM) else { return Ok(None) };
        let (room, live) = (items::read_room(room)?, room.contains_key(items::LIVE));
        let Some(tally) = by(keys::TALLY) else {
            return Ok(Some(OpenRoom {
                room,
                tally: Tally::default(),
                live,
                version: 0,
                batch: None,
            }));
        };
        Ok(Some(OpenRoom {
            room,
            tally: items::read_tally(tally)?,
            live,
            version: tally.number(VERSION)?,
            batch: tally.optional_map(BATCH).map(Batch::read).transpose()?,
        }))
    }

    /// Sets a room up: one write unit, or two for a long list of who need not wait. `false` if it would
    /// open at another time though the lot is drawn.
    pub async fn put_settings(
        &self,
        session: SessionId,
        settings: &Settings,
        opens_as_before: bool,
    ) -> Result<bool, StoreError> {
        let written = items::write_settings(settings).into_iter();
        let change =
            written.fold(Change::default(), |change, (name, value)| change.put(name, value));
        let change = change.only_with(keys::PARTITION);
        let change = if opens_as_before { change } else { change.only_if(items::DRAWING, None) };
        Ok(self.table.update(change.of(keys::room(session))).await?.is_ok())
    }

    /// Rooms whose sales are not over: half a read unit for some thirty of them.
    pub async fn rooms(
        &self,
        now: Timestamp,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<SessionId>, StoreError> {
        let list = keys::after(keys::ROOMS, now);
        let entries = self.table.entries(&list, after, limit).await?;
        let next = (entries.len() == limit).then(|| entries.last()).flatten();
        let next = next.map(|entry| entry.position.clone());
        let rooms = entries.iter().map(|entry| session_of(&entry.key));
        Ok(Page { items: rooms.collect::<Result<_, _>>()?, next })
    }

    /// Closes the early lines and puts on record how long each is, from which the order follows: twice
    /// ten requests and two, once for each room. A second drawing finds the same. Nothing happens before it
    /// opens.
    pub async fn draw(&self, session: SessionId, now: Timestamp) -> Result<(), StoreError> {
        let begin = Change::default().set(items::DRAWING, text("yes")).only(
            items::OPENS_AT,
            "<=",
            instant(now),
            false,
        );
        if self.table.update(begin.of(keys::room(session))).await?.is_err() {
            return Ok(());
        }
        let mut counts = Vec::new();
        for line in Line::early() {
            counts.push(self.close_line(session, line).await?);
        }
        let change = Change::default()
            .set(items::DRAWN, write_counts(&counts))
            .only_with(keys::PARTITION)
            .only_if(items::DRAWN, None);
        let drawn = self.table.update(change.of(keys::room(session))).await?;
        tracing::info!(%session, early = counts.iter().sum::<u32>(), first = drawn.is_ok(), "drawn");
        Ok(())
    }
}

/// What the next version of a tally is written on.
pub(super) fn changed(room: &OpenRoom, tally: &Tally) -> Change {
    let written = items::write_tally(tally).into_iter();
    let change = written.fold(Change::default(), |change, (name, value)| change.put(name, value));
    let version = (room.version > 0).then(|| marquee_dynamo::item::number(room.version));
    change.set(VERSION, marquee_dynamo::item::number(room.version + 1)).only_if(VERSION, version)
}

fn session_of(key: &Item) -> Result<SessionId, StoreError> {
    let session = key.text(keys::PARTITION)?.strip_prefix("R#");
    let session = session.and_then(|session| session.parse().ok());
    session.ok_or_else(|| StoreError::unreadable("a room's session"))
}
