//! The keys of the waiting room's items.

use std::fmt::Display;

use marquee_dynamo::{
    item::{Item, key},
    table::list::List,
};
use marquee_kernel::time::Timestamp;
use marquee_waiting_room_domain::{
    ids::{EntryId, SessionId},
    slot::Line,
};

use super::schema::LISTED;

pub(super) use marquee_dynamo::item::{PARTITION, SORT};

pub(super) use super::schema::{AT, LIST};

pub(super) const ROOM: &str = "ROOM";
pub(super) const TALLY: &str = "TALLY";
/// The list of rooms whose sales are not over.
pub(super) const ROOMS: &str = "rooms";

pub(super) fn partition_of_room(session: SessionId) -> String {
    format!("R#{session}")
}

pub(super) fn room(session: SessionId) -> Item {
    key(partition_of_room(session), ROOM.to_owned())
}

pub(super) fn tally(session: SessionId) -> Item {
    key(partition_of_room(session), TALLY.to_owned())
}

/// Where a line says who stands in it.
pub(super) fn partition_of_line(session: SessionId, line: Line) -> String {
    format!("L#{session}#{line}")
}

pub(super) fn stretch(first: u64) -> String {
    format!("{first:012}")
}

pub(super) fn entry(id: EntryId) -> Item {
    key(format!("E#{id}"), "E".to_owned())
}

/// The list of those inside a room.
pub(super) fn inside(session: SessionId) -> String {
    format!("inside#{session}")
}

pub(super) fn socket(connection: &str) -> Item {
    key(format!("C#{connection}"), "C".to_owned())
}

/// The list of those who are connected to be told of a room.
pub(super) fn sockets(session: SessionId) -> String {
    format!("sockets#{session}")
}

/// A place in that list.
pub(super) fn socket_at(entry: EntryId, connection: &str) -> String {
    format!("{entry}#{connection}")
}

/// A place in a list by time.
pub(super) fn position(at: Timestamp, id: impl Display) -> String {
    format!("{:013}#{id}", at.millis().max(0))
}

/// What comes at that moment or before, of a list by time.
pub(super) fn up_to(list: String, at: Timestamp) -> List {
    let to = Some(format!("{:013}", at.millis().max(0) + 1));
    List { to, ..List::new(LISTED, vec![list]) }
}

/// What comes after it.
pub(super) fn after(list: &str, at: Timestamp) -> List {
    let from = Some(format!("{:013}", at.millis().max(0) + 1));
    List { from, ..List::new(LISTED, vec![list.to_owned()]) }
}
