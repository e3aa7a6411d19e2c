//! What a batch does to entries, and what that counts.
//!
//! Each change carries the batch's name and is made once. Whoever finds it made by this batch counts it as
//! well: so all who do a batch count the same.

use aws_sdk_dynamodb::types::AttributeValue;
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, instant, map, number, text, uuid},
    table::Change,
};
use marquee_kernel::time::Timestamp;
use marquee_passes::request::Wish;
use marquee_waiting_room_domain::{
    ids::{EntryId, SessionId},
    slot::Slot,
    visitor::Status,
};
use uuid::Uuid;

use super::{TRIES_MAX, WaitingRoomStore, conflict, items, keys};

/// Something that ends a visitor's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// The place is over, unless it has been prolonged since.
    TimeOut { entry: EntryId },
    /// What was reserved with this place is not any more.
    Free { entry: EntryId, place: Uuid, expired: bool },
    /// Seats were bought, with this place if there is one.
    Sold { entry: EntryId, place: Option<Uuid>, reservation: Uuid, seats: u32 },
}

/// What has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) admitted: u32,
    pub(super) freed: u32,
    pub(super) sold: u32,
    pub(super) passed_over: u32,
    /// Who went without buying.
    pub(super) abandoned: u32,
}

const ADMITTED: Effect = Effect { admitted: 1, freed: 0, sold: 0, passed_over: 0, abandoned: 0 };
const FREED: Effect = Effect { admitted: 0, freed: 1, sold: 0, passed_over: 0, abandoned: 1 };

impl std::ops::Add for Effect {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            admitted: self.admitted + other.admitted,
            freed: self.freed + other.freed,
            sold: self.sold + other.sold,
            passed_over: self.passed_over + other.passed_over,
            abandoned: self.abandoned + other.abandoned,
        }
    }
}

/// A visitor who was let in, and asked for seats before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanting {
    pub(super) user: Uuid,
    pub(super) place: Uuid,
    pub(super) until: Timestamp,
    pub(super) wish: Wish,
}

impl Wanting {
    /// `None` of a visitor who asked for none.
    fn read(entry: &Item) -> Result<Option<Self>, StoreError> {
        let Some(wish) = items::read_wish(entry) else { return Ok(None) };
        let (user, place) = (entry.uuid(items::USER)?, entry.uuid(items::PLACE_ID)?);
        Ok(Some(Self { user, place, until: entry.instant(items::UNTIL)?, wish }))
    }
}

/// Of whom a batch is, as its changes need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) batch: Uuid,
    pub(super) session: SessionId,
    /// When it was begun.
    pub(super) at: Timestamp,
    /// Until when places that it gives last.
    pub(super) until: Timestamp,
    /// Places that lasted until then are over.
    pub(super) over: Timestamp,
}

const KIND: &str = "k";
const ENTRY: &str = "e";
const PLACE: &str = "p";
const RESERVATION: &str = "r";
const SEATS: &str = "n";

impl Op {
    pub(super) fn entry(&self) -> EntryId {
        match *self {
            Self::TimeOut { entry } | Self::Free { entry, .. } | Self::Sold { entry, .. } => entry,
        }
    }

    pub(super) fn write(&self) -> AttributeValue {
        let (kind, entry, place, reservation, seats) = match *self {
            Self::TimeOut { entry } => ("t", entry, None, None, None),
            Self::Free { entry, place, expired: true } => ("e", entry, Some(place), None, None),
            Self::Free { entry, place, expired: false } => ("c", entry, Some(place), None, None),
            Self::Sold { entry, place, reservation, seats } => {
                ("s", entry, place, Some(reservation), Some(seats))
            }
        };
        map([
            (KIND, Some(text(kind))),
            (ENTRY, Some(uuid(entry.uuid()))),
            (PLACE, place.map(uuid)),
            (RESERVATION, reservation.map(uuid)),
            (SEATS, seats.map(number)),
        ])
    }

    pub(super) fn read(value: &AttributeValue) -> Result<Self, StoreError> {
        let item = value.as_m().map_err(|_| StoreError::unreadable("a batch's change"))?;
        let entry = EntryId::new(item.uuid(ENTRY)?);
        Ok(match item.text(KIND)? {
            "t" => Self::TimeOut { entry },
            "s" => Self::Sold {
                entry,
                place: item.optional_uuid(PLACE),
                reservation: item.uuid(RESERVATION)?,
                seats: item.number(SEATS)?,
            },
            kind => Self::Free { entry, place: item.uuid(PLACE)?, expired: kind == "e" },
        })
    }
}

/// The attribute that says which batch counted a reservation's seats.
fn counted(reservation: Uuid) -> String {
    format!("sold#{reservation}")
}

/// Takes a visitor from those inside.
fn out(change: Change, stamp: Stamp) -> Change {
    change.set(items::FREED_BY, uuid(stamp.batch)).remove(keys::LIST).remove(keys::AT)
}

fn ended(change: Change, status: Status, stamp: Stamp) -> Change {
    change.set(items::STATUS, text(status.as_str())).set(items::ENDED_AT, instant(stamp.at))
}

fn was_freed(entry: &Item, stamp: Stamp) -> Effect {
    match entry.optional_uuid(items::FREED_BY) == Some(stamp.batch) {
        true => FREED,
        false => Effect::default(),
    }
}

impl WaitingRoomStore {
    /// Lets a visitor in who waits in this slot: two write units. If the entry does not say that it stands
    /// there, the line passes over it, and it cannot come to stand there later.
    pub(super) async fn admit(
        &self,
        entry: EntryId,
        slot: Slot,
        stamp: Stamp,
    ) -> Result<(Effect, Option<Wanting>), StoreError> {
        let (here, waiting) = (text(slot.to_string()), text(Status::Waiting.as_str()));
        for _ in 0..TRIES_MAX {
            let change = Change::default()
                .set(items::STATUS, text(Status::Admitted.as_str()))
                .set(items::PLACE_ID, uuid(entry.place(slot)))
                .set(items::ADMITTED_AT, instant(stamp.at))
                .set(items::UNTIL, instant(stamp.until))
                .set(items::LET_IN_BY, uuid(stamp.batch))
                .set(keys::LIST, text(keys::inside(stamp.session)))
                .set(keys::AT, text(keys::position(stamp.until, entry)))
                .only_if(items::SLOT, Some(here.clone()))
                .only_if(items::STATUS, Some(waiting.clone()));
            let found = match self.table.update_and_read(change.of(keys::entry(entry))).await? {
                Ok(admitted) => return Ok((ADMITTED, Wanting::read(&admitted)?)),
                Err(found) => found,
            };
            if found.get(items::SLOT) == Some(&here) {
                return match found.optional_uuid(items::LET_IN_BY) == Some(stamp.batch) {
                    true => Ok((ADMITTED, Wanting::read(&found)?)),
                    // The visitor has left the line.
                    false => Ok((Effect { abandoned: 1, ..Effect::default() }, None)),
                };
            }
            let pass = Change::default()
                .set(items::PASSED, here.clone())
                .only(items::SLOT, "<>", here.clone(), true)
                .only(items::PASSED, "<", here.clone(), true);
            let passed = self.table.update(pass.of(keys::entry(entry))).await?;
            match passed {
                // It has just come to stand there.
                Err(found) if found.get(items::SLOT) == Some(&here) => {}
                // By this, or before.
                _ => return Ok((Effect { passed_over: 1, ..Effect::default() }, None)),
            }
        }
        Err(conflict("an entry"))
    }

    /// One entry has one change in a batch, so what the batch's name stands beside is this one's.
    pub(super) async fn apply(&self, op: Op, stamp: Stamp) -> Result<Effect, StoreError> {
        match op {
            Op::TimeOut { entry } => {
                let over =
                    |change: Change| change.only(items::UNTIL, "<=", instant(stamp.over), false);
                self.free(entry, Status::Expired, stamp, over).await
            }
            Op::Free { entry, place, expired } => {
                let status = if expired { Status::Expired } else { Status::Left };
                let of_place = |change: Change| change.only_if(items::PLACE_ID, Some(uuid(place)));
                self.free(entry, status, stamp, of_place).await
            }
            Op::Sold { entry, place, reservation, seats } => {
                self.sell(entry, place, reservation, seats, stamp).await
            }
        }
    }

    /// Counts somebody out. A visitor who left keeps that status, and the time of it: who joins again after it is
    /// not an old message.
    async fn free(
        &self,
        entry: EntryId,
        status: Status,
        stamp: Stamp,
        only: impl Fn(Change) -> Change,
    ) -> Result<Effect, StoreError> {
        let over = |change: Change, known: Status| {
            let known = Some(text(known.as_str()));
            only(change.only_with(keys::LIST).only_if(items::STATUS, known)).of(keys::entry(entry))
        };
        let change = ended(out(Change::default(), stamp), status, stamp);
        let Err(found) = self.table.update(over(change, Status::Admitted)).await? else {
            return Ok(FREED);
        };
        if found.optional_text(items::STATUS) != Some(Status::Left.as_str()) {
            return Ok(was_freed(&found, stamp));
        }
        let change = out(Change::default(), stamp);
        match self.table.update(over(change, Status::Left)).await? {
            Ok(()) => Ok(FREED),
            Err(found) => Ok(was_freed(&found, stamp)),
        }
    }

    async fn sell(
        &self,
        entry: EntryId,
        place: Option<Uuid>,
        reservation: Uuid,
        seats: u32,
        stamp: Stamp,
    ) -> Result<Effect, StoreError> {
        let counted = counted(reservation);
        let once = || Change::default().set(&counted, uuid(stamp.batch)).only_if(&counted, None);
        let mut found = Item::new();
        if let Some(place) = place {
            let change = ended(out(once(), stamp), Status::Served, stamp)
                .only_with(keys::LIST)
                .only_if(items::PLACE_ID, Some(uuid(place)));
            match self.table.update(change.of(keys::entry(entry))).await? {
                Ok(()) => return Ok(Effect { sold: seats, abandoned: 0, ..FREED }),
                Err(as_it_is) => found = as_it_is,
            }
        }
        for _ in 0..TRIES_MAX {
            if let Some(by) = found.optional_uuid(&counted) {
                let sold = if by == stamp.batch { seats } else { 0 };
                return Ok(Effect { sold, abandoned: 0, ..was_freed(&found, stamp) });
            }
            // Who bought, though the place was over by then, or who has no place.
            let status = found.get(items::STATUS).cloned();
            let same = place.is_some() && found.optional_uuid(items::PLACE_ID) == place;
            let change = once()
                .only_if(items::STATUS, status)
                .only_if(keys::LIST, found.get(keys::LIST).cloned());
            let change = match same {
                true => change.set(items::STATUS, text(Status::Served.as_str())),
                false => change,
            };
            match self.table.update(change.of(keys::entry(entry))).await? {
                Ok(()) => return Ok(Effect { sold: seats, ..Effect::default() }),
                Err(as_it_is) => found = as_it_is,
            }
        }
        Err(conflict("an entry"))
    }
}
