//! How rooms, tallies and entries are written.

use aws_sdk_dynamodb::types::AttributeValue;
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, bytes, instant, item, list, number, text, uuid},
};
use marquee_kernel::{ids::UserId, time::Timestamp};
use marquee_passes::request::Wish;
use marquee_waiting_room_domain::{
    ids::{EntryId, SessionId},
    lot::Seed,
    room::{Room, Settings},
    slot::Slot,
    tally::{Pace, Tally},
    visitor::Status,
};
use uuid::Uuid;

pub(super) const SESSION: &str = "session";
pub(super) const ORGANIZER: &str = "organizer";
const SEATS: &str = "seats";
const SALES_END: &str = "sales_end";
pub(super) const SEED: &str = "seed";
pub(super) const DRAWN: &str = "drawn";
/// Present from when the lot begins to be drawn.
pub(super) const DRAWING: &str = "drawing";
/// Present from when the first visitor connects.
pub(super) const LIVE: &str = "live";
pub(super) const OPENS_AT: &str = "opens_at";
const RATE: &str = "rate";
const CAPACITY: &str = "capacity";
const PLACE: &str = "place_s";
const PER_VISITOR: &str = "per_visitor";
const ENABLED: &str = "enabled";
const PAUSED: &str = "paused";
const MESSAGE: &str = "message";
const BYPASS: &str = "bypass";
const FAIL_OPEN: &str = "fail_open";

/// An entry's.
pub(super) const USER: &str = "user";
pub(super) const SLOT: &str = "slot";
pub(super) const STATUS: &str = "status";
pub(super) const JOINED_AT: &str = "joined";
/// When it was let in.
pub(super) const ADMITTED_AT: &str = "admitted";
/// When it was over.
pub(super) const ENDED_AT: &str = "ended";
/// Until when the place is the visitor's.
pub(super) const UNTIL: &str = "until";
/// The name of the place.
pub(super) const PLACE_ID: &str = "place";
/// The batch that let it in, and the one that counted it out.
pub(super) const LET_IN_BY: &str = "in_by";
pub(super) const FREED_BY: &str = "out_by";
/// Present while seats are on hold with it.
pub(super) const HOLDS: &str = "holds";
/// What is to be booked when the visitor's turn comes: a number of seats, or 16 bytes for each of these.
pub(super) const WISH: &str = "wish";
/// Why it was not.
pub(super) const REFUSED: &str = "refused";
/// What was reserved with the place.
pub(super) const RESERVATION: &str = "reservation";
/// The slot that the line passed over while the entry did not say that it stands there.
pub(super) const PASSED: &str = "passed";

fn flag(is: bool) -> Option<AttributeValue> {
    is.then(|| text("yes"))
}

/// What the organizer decides, as attributes: those without a value are removed.
pub(super) fn write_settings(settings: &Settings) -> [(&'static str, Option<AttributeValue>); 10] {
    let bypass = settings.bypass.iter().flat_map(|user| user.uuid().into_bytes());
    let bypass: Vec<u8> = bypass.collect();
    [
        (OPENS_AT, Some(instant(settings.opens_at))),
        (RATE, settings.rate_per_minute.map(number)),
        (CAPACITY, Some(number(settings.capacity))),
        (PLACE, Some(number(settings.place_seconds))),
        (PER_VISITOR, Some(number(settings.seats_per_visitor))),
        (ENABLED, flag(settings.enabled)),
        (PAUSED, flag(settings.paused)),
        (MESSAGE, settings.message.clone().map(text)),
        (BYPASS, (!bypass.is_empty()).then(|| bytes(bypass))),
        (FAIL_OPEN, flag(settings.fail_open)),
    ]
}

pub(super) fn write_room(room: &Room) -> Item {
    let mut written = item(write_settings(&room.settings));
    written.extend(item([
        (SESSION, Some(uuid(room.session.uuid()))),
        (ORGANIZER, Some(uuid(room.organizer))),
        (SEATS, Some(number(room.seats))),
        (SALES_END, Some(instant(room.sales_end))),
        (SEED, Some(bytes(room.seed.0))),
    ]));
    written
}

pub(super) fn read_room(item: &Item) -> Result<Room, StoreError> {
    let seed = item.optional_bytes(SEED).and_then(|seed| seed.try_into().ok());
    let drawn = item.get(DRAWN).map(|_| item.list(DRAWN).iter().map(read_count).collect());
    let bypass = item.optional_bytes(BYPASS).unwrap_or_default().chunks(16);
    let bypass = bypass.filter_map(|user| Uuid::from_slice(user).ok()).map(UserId::new);
    Ok(Room {
        session: SessionId::new(item.uuid(SESSION)?),
        organizer: item.uuid(ORGANIZER)?,
        seats: item.number(SEATS)?,
        sales_end: item.instant(SALES_END)?,
        settings: Settings {
            opens_at: item.instant(OPENS_AT)?,
            rate_per_minute: item.optional_number(RATE),
            capacity: item.number(CAPACITY)?,
            place_seconds: item.number(PLACE)?,
            seats_per_visitor: item.number(PER_VISITOR)?,
            enabled: item.contains_key(ENABLED),
            paused: item.contains_key(PAUSED),
            message: item.optional_text(MESSAGE).map(str::to_owned),
            bypass: bypass.collect(),
            fail_open: item.contains_key(FAIL_OPEN),
        },
        seed: Seed(seed.ok_or_else(|| StoreError::unreadable(SEED))?),
        drawn: drawn.transpose()?,
    })
}

fn read_count(value: &AttributeValue) -> Result<u32, StoreError> {
    let count = value.as_n().ok().and_then(|count| count.parse().ok());
    count.ok_or_else(|| StoreError::unreadable(DRAWN))
}

pub(super) fn write_counts(counts: &[u32]) -> AttributeValue {
    list(counts.iter().map(number))
}

const SERVING: &str = "serving";
const INSIDE: &str = "inside";
const SOLD: &str = "sold";
const ADMITTED: &str = "let_in";
const PACE: &str = "pace";
const SINCE: &str = "since";
const BEFORE: &str = "before";
const PER_MINUTE: &str = "per_minute";

pub(super) fn write_tally(tally: &Tally) -> [(&'static str, Option<AttributeValue>); 8] {
    [
        (SERVING, Some(number(tally.serving))),
        (INSIDE, Some(number(tally.inside))),
        (SOLD, Some(number(tally.sold))),
        (ADMITTED, Some(number(tally.admitted))),
        (PACE, Some(instant(tally.pace.used_up_to))),
        (SINCE, Some(instant(tally.pace.since))),
        (BEFORE, Some(number(tally.pace.before))),
        (PER_MINUTE, tally.pace.per_minute.map(number)),
    ]
}

pub(super) fn read_tally(item: &Item) -> Result<Tally, StoreError> {
    Ok(Tally {
        serving: item.number(SERVING)?,
        inside: item.number(INSIDE)?,
        sold: item.number(SOLD)?,
        admitted: item.number(ADMITTED)?,
        pace: Pace {
            used_up_to: item.instant(PACE)?,
            since: item.instant(SINCE)?,
            before: item.number(BEFORE)?,
            per_minute: item.optional_number(PER_MINUTE),
        },
    })
}

/// A visitor, as on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: EntryId,
    pub session: SessionId,
    pub user: UserId,
    pub slot: Slot,
    pub status: Status,
    pub joined_at: Timestamp,
    pub place: Option<Place>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Whether it counts as inside.
    pub inside: bool,
    pub wish: Option<Wish>,
    /// Why the wish was not booked.
    pub refused: Option<String>,
    pub reservation: Option<Uuid>,
}

/// What a visitor who was let in has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub id: Uuid,
    pub until: Timestamp,
    /// Whether seats are on hold with it.
    pub holds: bool,
}

/// `None` of an item that only says what somebody has bought who never joined.
pub(super) fn read_entry(item: &Item) -> Result<Option<Entry>, StoreError> {
    if !item.contains_key(SLOT) {
        return Ok(None);
    }
    let (session, user) = (SessionId::new(item.uuid(SESSION)?), UserId::new(item.uuid(USER)?));
    let status = item.parsed(STATUS)?;
    let place = match (status, item.optional_uuid(PLACE_ID)) {
        (Status::Admitted, Some(id)) => {
            let holds = item.contains_key(HOLDS);
            Some(Place { id, until: item.instant(UNTIL)?, holds })
        }
        _ => None,
    };
    Ok(Some(Entry {
        id: EntryId::of(session, user),
        session,
        user,
        slot: item.parsed(SLOT)?,
        status,
        joined_at: item.instant(JOINED_AT)?,
        place,
        ended_at: item.optional_number(ENDED_AT).map(Timestamp::from_millis),
        inside: item.contains_key(super::keys::LIST),
        wish: read_wish(item),
        refused: item.optional_text(REFUSED).map(str::to_owned),
        reservation: item.optional_uuid(RESERVATION),
    }))
}

pub(super) fn write_wish(wish: &Wish) -> AttributeValue {
    match wish {
        Wish::BestTogether(count) => number(count),
        Wish::Seats(seats) => {
            bytes(seats.iter().flat_map(|seat| *seat.as_bytes()).collect::<Vec<_>>())
        }
    }
}

pub(super) fn read_wish(item: &Item) -> Option<Wish> {
    if let Some(count) = item.optional_number(WISH) {
        return Some(Wish::BestTogether(count));
    }
    let seats = item.optional_bytes(WISH)?.chunks(16).map(Uuid::from_slice);
    seats.collect::<Result<_, _>>().ok().map(Wish::Seats)
}
