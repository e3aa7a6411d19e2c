//! Who is connected to be told of a room.
//!
//! | partition key | sort key | item |
//! |---|---|---|
//! | `C#<connection>` | `C` | a visitor's connection |
//!
//! The index lists those of each room by `<entry>#<connection>`: so one query gives a visitor's, and a few
//! give everybody's. A record may outlive its connection; whoever posts there finds out and deletes it.

use std::time::Duration;

use marquee_dynamo::{
    error::StoreError,
    item::{ReadItem, instant, text, uuid},
    table::{Change, Page, list::List},
};
use marquee_kernel::{ids::UserId, time::Timestamp};
use marquee_waiting_room_domain::ids::{EntryId, SessionId};

use super::{WaitingRoomStore, items, keys, schema::LISTED};

/// When the connection was made.
const SINCE: &str = "since";

/// A connection that is this new may not be there yet for those who post, and be there a moment later.
const NEW: Duration = Duration::from_secs(10);

/// A visitor's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    pub session: SessionId,
    pub user: UserId,
}

/// A part of a room's connections, in the order of their entries' ids, which is as good as random.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    After(&'a str),
    UpTo(&'a str),
}

impl WaitingRoomStore {
    /// Two write units, one of them for the index.
    pub async fn connect(
        &self,
        connection: &str,
        socket: Socket,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Socket { session, user } = socket;
        let at = keys::socket_at(EntryId::of(session, user), connection);
        let mut item = keys::socket(connection);
        item.extend([
            (items::SESSION.to_owned(), uuid(session.uuid())),
            (items::USER.to_owned(), uuid(user.uuid())),
            (SINCE.to_owned(), instant(now)),
            (keys::LIST.to_owned(), text(keys::sockets(session))),
            (keys::AT.to_owned(), text(at)),
        ]);
        // One that is there is this one: the answer of the write itself was lost.
        self.table.put_new(item).await.map(drop)
    }

    /// Notes that a room has had somebody connected: from then on it is looked whether anybody is. One
    /// write unit.
    pub async fn set_live(&self, session: SessionId) -> Result<(), StoreError> {
        let change = Change::default()
            .set(items::LIVE, text("yes"))
            .only_with(keys::PARTITION)
            .only_if(items::LIVE, None);
        self.table.update(change.of(keys::room(session))).await.map(drop)
    }

    /// Whose connection it is: half a read unit, or one if it was made at this moment.
    pub async fn socket(&self, connection: &str) -> Result<Option<Socket>, StoreError> {
        let key = || keys::socket(connection);
        let found = match self.table.get(key(), false).await? {
            Some(found) => Some(found),
            None => self.table.get(key(), true).await?,
        };
        let Some(found) = found else { return Ok(None) };
        let session = SessionId::new(found.uuid(items::SESSION)?);
        Ok(Some(Socket { session, user: UserId::new(found.uuid(items::USER)?) }))
    }

    /// Two write units, one of them for the index.
    pub async fn disconnect(&self, connection: &str) -> Result<(), StoreError> {
        self.table.delete(keys::socket(connection), None).await
    }

    /// Deletes a connection that is said to be gone, unless it is so new that it may yet come.
    pub async fn forget(&self, connection: &str, now: Timestamp) -> Result<(), StoreError> {
        let older = (SINCE, instant(now - NEW));
        self.table.delete(keys::socket(connection), Some(older)).await
    }

    /// The connections of a visitor: half a read unit.
    pub async fn sockets_of(
        &self,
        session: SessionId,
        entry: EntryId,
    ) -> Result<Vec<String>, StoreError> {
        /// Of one visitor, with several windows open.
        const SOCKETS_MAX: usize = 20;
        let bound = |end: &str| Some(keys::socket_at(entry, end));
        let list = List {
            from: bound("\u{1}"),
            to: bound("\u{10ffff}"),
            ..List::new(LISTED, vec![keys::sockets(session)])
        };
        let found = self.table.entries(&list, None, SOCKETS_MAX).await?;
        Ok(found.iter().map(|found| connection_of(&found.position)).collect())
    }

    /// The connections of a part of a room: half a read unit for some twenty-five.
    pub async fn sockets(
        &self,
        session: SessionId,
        part: Part<'_>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<String>, StoreError> {
        let mut list = List::new(LISTED, vec![keys::sockets(session)]);
        match part {
            Part::After(first) => list.from = Some(first.to_owned()),
            Part::UpTo(first) => list.to = Some(first.to_owned()),
        }
        let found = self.table.entries(&list, after, limit).await?;
        let next = (found.len() == limit).then(|| found.last()).flatten();
        let next = next.map(|last| last.position.clone());
        let items = found.iter().map(|found| connection_of(&found.position)).collect();
        Ok(Page { items, next })
    }
}

fn connection_of(position: &str) -> String {
    position.split_once('#').map_or(position, |(_, connection)| connection).to_owned()
}
