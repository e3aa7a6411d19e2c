//! What must hold at each step: a seat has one owner, and keeps it.

use std::collections::BTreeMap;

use marquee_kernel::time::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    aws::dynamodb::Change,
    mix::{Fault, Mix},
    watch::{Image, Oracle, attribute},
};

/// The furthest that a machine's clock is ahead, where clocks are off.
const AHEAD_MILLIS: i64 = 300_000;

/// A seat's state, as its item has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) state: State,
    pub(crate) until: i64,
    pub(crate) owner: Uuid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Held,
    Confirmed,
    Sold,
}

/// Watches the seats of all sessions.
#[derive(Debug)]
pub(crate) struct Seats {
    ahead_millis: i64,
}

impl Seats {
    pub(crate) fn new(mix: &Mix) -> Self {
        Self { ahead_millis: if mix.has(Fault::Skew) { AHEAD_MILLIS } else { 0 } }
    }
}

impl Oracle for Seats {
    fn changed(&mut self, change: &Change, image: &Image, now: Timestamp) -> Result<(), String> {
        let record = &change.record["dynamodb"];
        let Some(sort) = attribute::text(&record["Keys"], "sk") else { return Ok(()) };
        let (old, new) = (&record["OldImage"], &record["NewImage"]);
        if sort.starts_with("B#") {
            let (before, after) = (cells(old), cells(new));
            for (seat, old) in &before {
                let new = after.get(seat);
                let ahead = now.millis() + self.ahead_millis;
                allowed(*old, new.copied(), image, ahead)
                    .map_err(|error| format!("seat {sort}/{seat}: {error}: {old:?} -> {new:?}"))?;
            }
        }
        if sort.starts_with("R#") {
            status_allowed(old, new)?;
        }
        Ok(())
    }
}

/// The seats of a block that are taken.
pub(crate) fn cells(item: &Value) -> BTreeMap<String, Cell> {
    let attributes = item.as_object().into_iter().flatten();
    attributes.filter_map(|(name, value)| Some((name.clone(), cell(name, value)?))).collect()
}

fn cell(name: &str, value: &Value) -> Option<Cell> {
    name.strip_prefix('s')?.parse::<u16>().ok()?;
    let bytes = attribute::bytes(value)?;
    let mut until = [0; 8];
    until[2..].copy_from_slice(bytes.get(1..7)?);
    let state = match bytes.first()? {
        1 => State::Held,
        2 => State::Confirmed,
        _ => State::Sold,
    };
    let owner = Uuid::from_slice(bytes.get(7..)?).ok()?;
    Some(Cell { state, until: i64::from_be_bytes(until), owner })
}

/// `ahead` is the latest time that any machine's clock shows.
fn allowed(old: Cell, new: Option<Cell>, image: &Image, ahead: i64) -> Result<(), String> {
    let same_owner = new.is_some_and(|new| new.owner == old.owner);
    match (old.state, new) {
        (State::Confirmed, Some(new)) if same_owner && new.state != State::Held => Ok(()),
        (State::Sold, Some(new)) if same_owner && new.state == State::Sold => Ok(()),
        (State::Confirmed | State::Sold, _) => Err("a seat that was paid for is taken away".into()),
        (State::Held, _) if same_owner => Ok(()),
        // No machine's clock says that the hold has ended: its owner has given it back.
        (State::Held, _) if old.until > ahead => match status_of(image, old.owner) {
            Some("CANCELLED" | "cancelled" | "EXPIRED" | "expired") => Ok(()),
            status => Err(format!("a hold ends before its time, reservation {status:?}")),
        },
        (State::Held, _) => Ok(()),
    }
}

/// The status of a reservation, by its id.
pub(crate) fn status_of(image: &Image, reservation: Uuid) -> Option<&str> {
    let mut reservations = reservations(image);
    let found = reservations.find(|item| attribute::uuid(item, "id") == Some(reservation))?;
    attribute::text(found, "status")
}

pub(crate) fn reservations(image: &Image) -> impl Iterator<Item = &Value> {
    let is_one = |item: &&Value| {
        attribute::text(item, "sk").is_some_and(|sort| sort.starts_with("R#"))
            && attribute::text(item, "pk").is_some_and(|partition| partition.starts_with("U#"))
    };
    image.items("booking").filter(is_one)
}

fn status_allowed(old: &Value, new: &Value) -> Result<(), String> {
    let (before, after) = (attribute::text(old, "status"), attribute::text(new, "status"));
    let id = attribute::uuid(new, "id").or(attribute::uuid(old, "id"));
    let lower = |status: Option<&str>| status.map(str::to_lowercase);
    match (lower(before).as_deref(), lower(after).as_deref()) {
        (Some("confirmed"), after) if after != Some("confirmed") => {
            Err(format!("reservation {id:?} was confirmed and is {after:?}"))
        }
        (Some("cancelled"), after) if after != Some("cancelled") => {
            Err(format!("reservation {id:?} was cancelled and is {after:?}"))
        }
        _ => Ok(()),
    }
}
