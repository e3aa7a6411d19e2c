//! What is known of a room by now: from its items, and from what visitors were told.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

/// Clones know the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(Arc<Mutex<Facts>>);

#[derive(Debug, Default)]
struct Facts {
    places: BTreeMap<Uuid, Place>,
    numbers: BTreeMap<String, u64>,
    slots: BTreeMap<u64, String>,
    came_at: BTreeMap<Uuid, i64>,
    live_until: BTreeMap<Uuid, i64>,
    let_through: bool,
}

/// A place that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) entry: Uuid,
    pub(super) user: Option<Uuid>,
    /// Whether its visitor had asked for seats by then.
    pub(super) has_wish: bool,
}

impl Known {
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A slot has a number: one for ever, and no other slot has it.
    pub(super) fn learn(&self, slot: &str, number: u64) -> Result<(), String> {
        let mut facts = self.facts();
        let before = *facts.numbers.entry(slot.to_owned()).or_insert(number);
        if before != number {
            return Err(format!("slot {slot} has number {before} and number {number}"));
        }
        let of = facts.slots.entry(number).or_insert_with(|| slot.to_owned());
        match of == slot {
            true => Ok(()),
            false => Err(format!("number {number} is of slot {of} and of slot {slot}")),
        }
    }

    pub(super) fn number_of(&self, slot: &str) -> Option<u64> {
        self.facts().numbers.get(slot).copied()
    }

    /// A visitor is let in.
    pub(super) fn give(&self, id: Uuid, place: Place) -> Result<(), String> {
        match self.facts().places.insert(id, place) {
            None => Ok(()),
            Some(before) => Err(format!("place {id} is given twice: {before:?}, {place:?}")),
        }
    }

    pub(super) fn place(&self, id: Uuid) -> Option<Place> {
        self.facts().places.get(&id).copied()
    }

    /// Places of those who had asked for seats.
    pub(super) fn wanted(&self) -> Vec<(Uuid, Place)> {
        let wanted = |(id, place): (&Uuid, &Place)| place.has_wish.then_some((*id, *place));
        self.facts().places.iter().filter_map(wanted).collect()
    }

    /// An entry comes to wait.
    pub(super) fn comes(&self, entry: Uuid, at: i64) {
        self.facts().came_at.insert(entry, at);
    }

    pub(super) fn came_after(&self, entry: Uuid, at: i64) -> bool {
        self.facts().came_at.get(&entry).is_some_and(|came| at < *came)
    }

    /// Until when an entry was waiting or let in, as far as is known.
    pub(super) fn lives(&self, entry: Uuid, until: i64) {
        self.facts().live_until.insert(entry, until);
    }

    pub(super) fn lived_at_or_after(&self, entry: Uuid, at: i64) -> bool {
        self.facts().live_until.get(&entry).is_some_and(|until| at <= *until)
    }

    /// Some may have passes without a place from now on.
    pub(super) fn let_through(&self) {
        self.facts().let_through = true;
    }

    pub(super) fn lets_through(&self) -> bool {
        self.facts().let_through
    }
}
