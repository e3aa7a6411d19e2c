//! Lines: chains of stretches, in which each slot names one visitor for ever.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::super::items::{Room, Slot, visitors};

#[derive(Debug, Default)]
pub(super) struct Lines(BTreeMap<String, Line>);

#[derive(Debug, Default)]
struct Line {
    names: Vec<Uuid>,
    is_closed: bool,
}

impl Lines {
    /// A stretch is written behind the last one, and never changed.
    pub(super) fn changed(&mut self, key: (&str, &str), change: &Value) -> Result<(), String> {
        let (partition, sort) = key;
        if !change["OldImage"].is_null() {
            return Err(format!("the stretch {partition}/{sort} is changed"));
        }
        let name = partition.rsplit('#').next().unwrap_or_default();
        let line = self.0.entry(name.to_owned()).or_default();
        let (first, end) = (sort.parse().ok(), line.names.len());
        if first != Some(end) {
            return Err(format!("a stretch of line {name} begins at {sort}, its end is at {end}"));
        }
        if line.is_closed {
            return Err(format!("line {name} is closed, and gets a stretch at {sort}"));
        }
        line.names.extend(visitors(&change["NewImage"]["who"]));
        line.is_closed = !change["NewImage"]["closed"].is_null();
        Ok(())
    }

    pub(super) fn who(&self, slot: &Slot) -> Option<Uuid> {
        self.0.get(&slot.line)?.names.get(slot.index).copied()
    }

    pub(super) fn is_in_early_line(&self, entry: Uuid) -> bool {
        let mut early = self.0.iter().filter(|(name, _)| *name != Slot::MAIN);
        early.any(|(_, line)| line.names.contains(&entry))
    }

    /// What was drawn are the lengths of the early lines, which have ended.
    pub(super) fn drawn(&self, room: &Room) -> Result<(), String> {
        for (number, drawn) in room.drawn.iter().flatten().enumerate() {
            let name = format!("e{number}");
            let line = self.0.get(&name);
            let slots = line.map_or(0, |line| line.names.len());
            if *drawn != slots as u64 || !line.is_some_and(|line| line.is_closed) {
                return Err(format!("{drawn} of {slots} slots of line {name} are in the lot"));
            }
        }
        Ok(())
    }
}
