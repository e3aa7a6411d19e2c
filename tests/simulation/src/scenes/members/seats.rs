//! What must hold at each step: a member has one seat and a seat one member, and a seat changes only as
//! somebody has asked.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use marquee_kernel::time::{Clock, Timestamp};
use serde_json::Value;

use crate::{
    aws::dynamodb::Change,
    clock::WorldClock,
    scenes::ordering::timeline::Timeline,
    watch::{Image, Oracle, attribute},
};

/// A way from one seat, or none, to another.
type Step = (Option<String>, String);

/// What the database has shown so far, and what clients have asked for: for them and the oracle.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    clock: WorldClock,
    pages: Arc<Mutex<Pages>>,
}

#[derive(Debug, Default)]
struct Pages {
    /// Of each member.
    seats: Timeline<String>,
    /// Of each seat.
    members: Timeline<String>,
    /// What has been asked for, by member.
    steps: BTreeMap<String, BTreeSet<Step>>,
}

impl Seen {
    pub(super) fn new(clock: WorldClock) -> Self {
        Self { clock, pages: Arc::default() }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A client is about to ask for a seat.
    pub(super) fn asks(&self, member: &str, seat: &str, replaces: Option<&str>) {
        let from = replaces.filter(|old| *old != seat).map(str::to_owned);
        let mut pages = self.pages();
        pages.steps.entry(member.to_owned()).or_default().insert((from, seat.to_owned()));
    }

    /// Whether the member had that seat, or none, at any moment between then and now.
    pub(super) fn had_seat(&self, member: &str, since: Timestamp, seat: Option<&str>) -> bool {
        let within = (since, self.now());
        self.pages().seats.had(member, within, |had| had.map(String::as_str) == seat)
    }

    /// Whether the seat was another member's.
    pub(super) fn was_taken(&self, seat: &str, since: Timestamp, member: &str) -> bool {
        let within = (since, self.now());
        self.pages().members.had(seat, within, |has| has.is_some_and(|has| has != member))
    }

    /// The seats that a member may have by now who once had this one, or none: each request that would
    /// have been refused may come once more, and not be.
    pub(super) fn may_have(&self, member: &str, once: Option<&str>) -> BTreeSet<Option<String>> {
        let pages = self.pages();
        let mut found = BTreeSet::from([once.map(str::to_owned)]);
        let steps = pages.steps.get(member).into_iter().flatten();
        let steps: Vec<_> = steps.collect();
        loop {
            let next = steps.iter().filter(|(from, _)| found.contains(from));
            let next: Vec<_> = next.map(|(_, to)| Some(to.clone())).collect();
            let before = found.len();
            found.extend(next);
            if found.len() == before {
                return found;
            }
        }
    }
}

/// Watches members and seats. A transaction's changes come one by one; what ties them together is looked at
/// once the clock has gone on.
#[derive(Debug)]
pub(super) struct Seats {
    seen: Seen,
    table: String,
    now: Option<Timestamp>,
    seats: BTreeMap<String, String>,
    members: BTreeMap<String, String>,
}

impl Oracle for Seats {
    fn changed(&mut self, change: &Change, _: &Image, now: Timestamp) -> Result<(), String> {
        if change.table != self.table {
            return Ok(());
        }
        let balance = match self.now.replace(now) {
            Some(last) if last < now => self.balance(),
            _ => Ok(()),
        };
        let record = &change.record["dynamodb"];
        let key = attribute::text(&record["Keys"], "pk").unwrap_or_default();
        let (old, new) = (&record["OldImage"], &record["NewImage"]);
        let step = match (key.strip_prefix("M#"), key.strip_prefix("S#")) {
            (Some(member), _) => self.member_changed(member, old, new, now),
            (_, Some(seat)) => self.seat_changed(seat, old, new, now),
            _ => Err(format!("an item that is neither a member nor a seat: {key}")),
        };
        balance.and(step)
    }
}

impl Seats {
    pub(super) fn new(seen: Seen) -> Self {
        Self {
            seen,
            table: marquee_host::database::table_name("members"),
            now: None,
            seats: BTreeMap::new(),
            members: BTreeMap::new(),
        }
    }

    fn member_changed(
        &mut self,
        member: &str,
        old: &Value,
        new: &Value,
        now: Timestamp,
    ) -> Result<(), String> {
        let seat = |item| attribute::text(item, "seat").map(str::to_owned);
        let (before, after) = (seat(old), seat(new));
        let mut pages = self.seen.pages();
        pages.seats.set(member, now, after.clone());
        let Some(after) = after else { return Err(format!("member {member} is gone")) };
        self.seats.insert(member.to_owned(), after.clone());
        let asked = pages.steps.get(member);
        let asked = asked.is_some_and(|steps| steps.contains(&(before.clone(), after.clone())));
        match asked || before.as_ref() == Some(&after) {
            true => Ok(()),
            false => Err(format!("{member} came from {before:?} to {after}, and nobody asked")),
        }
    }

    fn seat_changed(
        &mut self,
        seat: &str,
        old: &Value,
        new: &Value,
        now: Timestamp,
    ) -> Result<(), String> {
        let member = |item| attribute::text(item, "member").map(str::to_owned);
        let (before, after) = (member(old), member(new));
        self.seen.pages().members.set(seat, now, after.clone());
        match &after {
            Some(member) => self.members.insert(seat.to_owned(), member.clone()),
            None => self.members.remove(seat),
        };
        match (before, after) {
            (Some(before), Some(after)) if before != after => {
                Err(format!("seat {seat} was {before}'s and is {after}'s"))
            }
            _ => Ok(()),
        }
    }

    /// What no transaction may leave behind.
    fn balance(&self) -> Result<(), String> {
        for (member, seat) in &self.seats {
            if self.members.get(seat) != Some(member) {
                let has = self.members.get(seat);
                return Err(format!("{member} has seat {seat}, which is {has:?}'s"));
            }
        }
        for (seat, member) in &self.members {
            if self.seats.get(member) != Some(seat) {
                let has = self.seats.get(member);
                return Err(format!("seat {seat} is {member}'s, who has {has:?}"));
            }
        }
        Ok(())
    }
}
