//! Throughput: what a partition key value, a table and an account give in a second, and no more.
//!
//! A request is let in while there is something left, and then takes what it takes: what it took too much, the
//! next ones wait for. So over time no more is given than the rate.

use std::{collections::BTreeMap, time::Duration};

use super::{
    rules::{Direction, Rules},
    schema::Place,
    units::Charge,
};

const SECOND: Duration = Duration::from_secs(1);
/// "DynamoDB on-demand capacity mode": throttling can occur if you exceed double your previous peak within 30
/// minutes.
const PEAK_SETTLES: Duration = Duration::from_secs(30 * 60);

/// What has nothing left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exceeded {
    Key(Place),
    Table(Place),
    Quota(Place),
}

/// Units given in all, by partition key value.
pub type Consumed = BTreeMap<(Direction, Place), f64>;

#[derive(Clone, Debug, Default)]
pub struct Throughput {
    keys: BTreeMap<(Direction, Place), Bucket>,
    tables: BTreeMap<(Direction, String, Option<String>), Table>,
    pub consumed: Consumed,
}

impl Throughput {
    /// Everything is full again: other rules are in force.
    pub fn fill(&mut self) {
        self.keys.clear();
        self.tables.clear();
    }

    /// What of this place has nothing left, if anything.
    pub fn exceeded(
        &self,
        now: Duration,
        rules: &Rules,
        direction: Direction,
        place: &Place,
    ) -> Option<Exceeded> {
        let table = self.tables.get(&(direction, place.table.clone(), place.index.clone()));
        if let Some(table) = table
            && table.bucket.left(now, table.rate(now, rules, direction), SECOND) <= 0.0
        {
            let at_quota = table.rate(now, rules, direction) >= rules.quota.of(direction);
            let exceeded = if at_quota { Exceeded::Quota } else { Exceeded::Table };
            return Some(exceeded(place.clone()));
        }
        let rate = rules.key.of(direction);
        let key = self.keys.get(&(direction, place.clone()))?;
        let is_empty = key.left(now, rate, rules.burst.max(SECOND)) <= 0.0;
        is_empty.then(|| Exceeded::Key(place.clone()))
    }

    pub fn charge(&mut self, now: Duration, rules: &Rules, direction: Direction, charge: &Charge) {
        let Charge { place, units } = charge;
        self.charge_table(now, rules, direction, place, *units);
        let bucket = self.keys.entry((direction, place.clone())).or_default();
        bucket.take(now, rules.key.of(direction), *units);
        *self.consumed.entry((direction, place.clone())).or_default() += units;
    }

    /// Of the table alone: a scan goes over all partitions.
    pub fn charge_table(
        &mut self,
        now: Duration,
        rules: &Rules,
        direction: Direction,
        place: &Place,
        units: f64,
    ) {
        let resource = (direction, place.table.clone(), place.index.clone());
        let table = self.tables.entry(resource).or_default();
        let rate = table.rate(now, rules, direction);
        table.bucket.take(now, rate, units);
        table.count(now, units);
    }
}

/// A token bucket that is full at first.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    /// What is gone of a full one; more than all if it is in debt.
    gone: f64,
    at: Duration,
}

impl Bucket {
    fn left(&self, now: Duration, rate: f64, kept: Duration) -> f64 {
        rate * kept.as_secs_f64() - self.gone(now, rate)
    }

    fn gone(&self, now: Duration, rate: f64) -> f64 {
        let back = rate * now.saturating_sub(self.at).as_secs_f64();
        (self.gone - back).max(0.0)
    }

    fn take(&mut self, now: Duration, rate: f64, units: f64) {
        *self = Self { gone: self.gone(now, rate) + units, at: now };
    }
}

/// A table or an index: how much it takes follows from the most that it has taken.
#[derive(Clone, Debug, Default)]
struct Table {
    bucket: Bucket,
    /// The second that is under way, and what was consumed in it.
    second: (u64, f64),
    /// Each higher than the one before: at which second, and how much.
    peaks: Vec<(u64, f64)>,
}

impl Table {
    /// Twice the peak before the last half hour, and at least what a new one takes.
    fn rate(&self, now: Duration, rules: &Rules, direction: Direction) -> f64 {
        let settled = now.saturating_sub(PEAK_SETTLES).as_secs();
        let mut peaks = self.peaks.iter().rev();
        let peak = peaks.find(|(second, _)| *second < settled).map_or(0.0, |(_, units)| *units);
        rules.new_table.of(direction).max(2.0 * peak).min(rules.quota.of(direction))
    }

    fn count(&mut self, now: Duration, units: f64) {
        let second = now.as_secs();
        if self.second.0 != second {
            self.second = (second, 0.0);
        }
        self.second.1 += units;
        let highest = self.peaks.last().map_or(0.0, |(_, units)| *units);
        if self.second.1 > highest {
            if self.peaks.last().is_some_and(|(at, _)| *at == second) {
                self.peaks.pop();
            }
            self.peaks.push((second, self.second.1));
        }
    }
}
