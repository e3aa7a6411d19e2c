//! What must hold at each step: a slot is one visitor's, the line moves on in its order, no more are inside
//! than may be, and the tally counts what there is.

mod entries;
mod lines;
mod tallies;

use std::collections::BTreeMap;

use marquee_host::database::table_name;
use marquee_kernel::time::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::{
    items::{Batch, Entry, Room, Slot, Status, Tally},
    known::{Known, Place},
};
use crate::{
    aws::dynamodb::Change,
    mix::{Fault, Mix},
    scenes::booking::oracle::reservations,
    watch::{Image, Oracle, attribute},
};

/// With nothing going wrong, whoever joins is in line within this time.
const HANDLED_MILLIS_MAX: i64 = 5_000;

/// Watches the only room there is.
#[derive(Debug)]
pub(super) struct OneRoom {
    known: Known,
    /// Whether machines' clocks are off.
    skewed: bool,
    /// Whether nothing goes wrong: then nothing takes long.
    calm: bool,
    lines: lines::Lines,
    entries: BTreeMap<Uuid, Entry>,
    tally: Tally,
    /// All settings so far, and since which of them the tally has not changed.
    settings: Vec<Room>,
    settings_since: usize,
    /// When each visitor was let in.
    admitted: Vec<i64>,
}

impl Oracle for OneRoom {
    fn changed(&mut self, change: &Change, image: &Image, now: Timestamp) -> Result<(), String> {
        let record = &change.record["dynamodb"];
        let key = |name: &str| attribute::text(&record["Keys"], name).unwrap_or_default();
        let (partition, sort) = (key("pk"), key("sk"));
        if change.table == table_name("booking") {
            let is_reservation = partition.starts_with("U#") && sort.starts_with("R#");
            let is_new = is_reservation && record["OldImage"].is_null();
            return if is_new { self.reserved(&record["NewImage"], image) } else { Ok(()) };
        }
        if change.table != table_name("waiting-room") {
            return Ok(());
        }
        if record["NewImage"].is_null() {
            return Err(format!("{partition}/{sort} is deleted"));
        }
        match (&partition[..2], sort) {
            ("R#", "ROOM") => self.room(&record["NewImage"]),
            ("R#", _) => self.tally(&record["NewImage"], image),
            ("L#", _) => self.lines.changed((partition, sort), record),
            ("E#", _) => {
                let entry = partition[2..].parse().map_err(|_| format!("{partition} is no key"))?;
                self.entry(entry, &record["NewImage"], image, now.millis())
                    .map_err(|error| format!("entry {entry}: {error}"))
            }
            _ => Ok(()),
        }
    }
}

/// While seats are on hold, the place they were reserved with lasts.
fn keeps_what_is_held(old: &Entry, new: &Entry, image: &Image, now: i64) -> Result<(), String> {
    if (old.status(), new.status()) != (Some(Status::Admitted), Some(Status::Expired)) {
        return Ok(());
    }
    let holds = |item: &&Value| {
        let status = attribute::text(item, "status").unwrap_or_default();
        attribute::uuid(item, "place") == old.place
            && status.eq_ignore_ascii_case("active")
            && attribute::number(item, "expires").is_some_and(|expires| now < expires)
    };
    match reservations(image).find(holds) {
        None => Ok(()),
        Some(held) => {
            Err(format!("it is over, and reservation {:?} is not", attribute::uuid(held, "id")))
        }
    }
}

impl OneRoom {
    pub(super) fn new(known: Known, mix: &Mix) -> Self {
        Self {
            known,
            skewed: mix.has(Fault::Skew),
            calm: mix.0.is_empty(),
            lines: lines::Lines::default(),
            entries: BTreeMap::new(),
            tally: Tally::default(),
            settings: Vec::new(),
            settings_since: 0,
            admitted: Vec::new(),
        }
    }

    /// The order of those who came early is not changed any more.
    fn room(&mut self, new: &Value) -> Result<(), String> {
        let new = Room::read(new).ok_or("a room that cannot be read")?;
        if let Some(old) = self.settings.last() {
            let fixed = |room: &Room| (room.session, room.seats, room.seed.clone(), room.sales_end);
            let moved = old.drawing && (!new.drawing || old.opens_at != new.opens_at);
            let redrawn = old.drawn.is_some() && old.drawn != new.drawn;
            if fixed(old) != fixed(&new) || moved || redrawn {
                return Err(format!("a room changes: {old:?} -> {new:?}"));
            }
        }
        if !new.enabled {
            self.known.let_through();
        }
        let checked = self.lines.drawn(&new);
        self.settings.push(new);
        checked
    }

    fn tally(&mut self, new: &Value, image: &Image) -> Result<(), String> {
        let new = Tally::read(new);
        let old = std::mem::replace(&mut self.tally, new.clone());
        if new.version != old.version + 1 {
            return Err(format!("the tally skips a version: {old:?} -> {new:?}"));
        }
        let since = std::mem::replace(&mut self.settings_since, self.settings.len() - 1);
        match (&old.batch, &new.batch) {
            (None, Some(batch)) => {
                tallies::begins(&old, &new, batch, &self.settings[since..])?;
                self.names_who_stands_there(batch)
            }
            (Some(batch), None) => {
                let is = Tally {
                    inside: self.inside(),
                    sold: self.sold(image),
                    admitted: self.admitted.len() as u64,
                    ..Tally::default()
                };
                tallies::closes(&old, &new, &is)?;
                self.leaves_nobody_behind(batch)
            }
            _ => Err(format!("a tally changes, and no batch: {old:?} -> {new:?}")),
        }
    }

    fn names_who_stands_there(&self, batch: &Batch) -> Result<(), String> {
        for (entry, number) in batch.who.iter().zip(batch.first..) {
            let right = match self.main_slot(number) {
                Some(slot) => self.lines.who(&slot) == Some(*entry),
                None => self.lines.is_in_early_line(*entry),
            };
            if !right {
                return Err(format!("batch {} has {entry} at number {number}", batch.id));
            }
        }
        Ok(())
    }

    /// Whoever stood at one of its numbers has had their turn.
    fn leaves_nobody_behind(&self, batch: &Batch) -> Result<(), String> {
        let waits = |(entry, number): &(&Uuid, u64)| {
            let standing = self.entries.get(entry).and_then(|entry| entry.standing.as_ref());
            let slot = standing.filter(|(_, status)| *status == Status::Waiting);
            slot.is_some_and(|(slot, _)| self.number_of(slot) == Some(*number))
        };
        match batch.who.iter().zip(batch.first..).find(waits) {
            None => Ok(()),
            Some((entry, number)) => Err(format!(
                "entry {entry} waits at number {number}, which has had its turn in {}",
                batch.id
            )),
        }
    }

    fn entry(&mut self, id: Uuid, new: &Value, image: &Image, now: i64) -> Result<(), String> {
        let new = Entry::read(new);
        let old = self.entries.insert(id, new.clone()).unwrap_or_default();
        let around = entries::Around {
            lines: &self.lines,
            batch: self.tally.batch.as_ref(),
            serving: self.tally.serving,
            number_of: &|slot| self.number_of(slot),
            now: (!self.skewed).then_some(now),
        };
        around.check(id, &old, &new)?;
        if self.calm {
            self.comes_in_time(&new)?;
            keeps_what_is_held(&old, &new, image, now)?;
        }
        if old.status() != new.status() && new.status() == Some(Status::Admitted) {
            self.is_let_in(id, &new)?;
        }
        if old.standing.as_ref().map(|(slot, _)| slot)
            != new.standing.as_ref().map(|(slot, _)| slot)
        {
            self.known.comes(id, now);
        }
        let is_live = |entry: &Entry| entry.status().is_some_and(Status::is_live);
        if is_live(&new) {
            self.known.lives(id, i64::MAX);
        } else if is_live(&old) {
            self.known.lives(id, now);
        }
        if self.inside() > self.tally.inside {
            return Err(format!("{} are inside, of {}", self.inside(), self.tally.inside));
        }
        Ok(())
    }

    /// In the main line nobody stands in front who came long after.
    fn comes_in_time(&self, new: &Entry) -> Result<(), String> {
        let main = |entry: &Entry| {
            let (slot, _) = entry.standing.as_ref().filter(|(slot, _)| slot.is_main())?;
            Some((slot.index, entry.joined?))
        };
        let Some((index, joined)) = main(new) else { return Ok(()) };
        let later = |(slot, at): &(usize, i64)| *slot < index && joined + HANDLED_MILLIS_MAX < *at;
        match self.entries.values().filter_map(main).find(later) {
            None => Ok(()),
            Some((slot, at)) => {
                Err(format!("joined at {joined}, it is in {index} behind {slot}, of {at}"))
            }
        }
    }

    /// In the order of the numbers: this one's is the slot's for ever.
    fn is_let_in(&mut self, id: Uuid, entry: &Entry) -> Result<(), String> {
        let Some((slot, batch)) = entry.standing.as_ref().zip(self.tally.batch.as_ref()) else {
            return Ok(());
        };
        let (slot, number) = (&slot.0, batch.number_of(id).unwrap_or_default());
        if slot.is_main() && self.main_slot(number).as_ref() != Some(slot) {
            return Err(format!("it is let in from {slot} as number {number}"));
        }
        self.known.learn(&slot.to_string(), number)?;
        self.admitted.push(batch.at);
        if let Some(place) = entry.place {
            let Entry { user, has_wish, .. } = *entry;
            self.known.give(place, Place { entry: id, user, has_wish })?;
        }
        let rates: Option<Vec<u64>> = self.settings.iter().map(|room| room.rate).collect();
        match rates.and_then(|rates| rates.into_iter().max()) {
            Some(most) if !self.skewed => tallies::keeps_rate(&self.admitted, most),
            _ => Ok(()),
        }
    }

    /// Seats are reserved from places, once from each, by their visitors.
    fn reserved(&self, new: &Value, image: &Image) -> Result<(), String> {
        let (id, user) = (attribute::uuid(new, "id"), attribute::uuid(new, "user"));
        let Some(place) = attribute::uuid(new, "place") else {
            return match self.known.lets_through() {
                true => Ok(()),
                false => Err(format!("reservation {id:?} was made without a place")),
            };
        };
        if self.known.place(place).is_none_or(|given| given.user != user) {
            return Err(format!("reservation {id:?} of {user:?} was made from place {place}"));
        }
        let from = reservations(image).filter(|item| attribute::uuid(item, "place") == Some(place));
        match from.count() {
            1 => Ok(()),
            count => Err(format!("place {place} has made {count} reservations")),
        }
    }

    fn inside(&self) -> u64 {
        self.entries.values().filter(|entry| entry.inside).count() as u64
    }

    /// Seats of all reservations that entries say are counted.
    fn sold(&self, image: &Image) -> u64 {
        let counted = |item: &&Value| {
            let id = attribute::uuid(item, "id");
            let mut entries = self.entries.values();
            id.is_some_and(|id| entries.any(|entry| entry.sold.contains_key(&id)))
        };
        let seats = |item: &Value| item["seats"]["L"].as_array().map_or(0, Vec::len);
        reservations(image).filter(counted).map(seats).sum::<usize>() as u64
    }

    fn early(&self) -> Option<u64> {
        self.settings.last()?.early()
    }

    /// The slot of the main line that has this number.
    fn main_slot(&self, number: u64) -> Option<Slot> {
        let index = number.checked_sub(self.early()? + 1)?;
        Some(Slot { line: Slot::MAIN.into(), index: usize::try_from(index).ok()? })
    }

    /// The early lines' as far as they were told.
    fn number_of(&self, slot: &Slot) -> Option<u64> {
        match slot.is_main() {
            true => Some(self.early()? + slot.index as u64 + 1),
            false => self.known.number_of(&slot.to_string()),
        }
    }
}
