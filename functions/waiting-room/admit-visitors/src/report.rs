//! What a run comes to.

use std::ops::Add;

use marquee_lambda::schedule;
use marquee_waiting_room::store::admission::Tended;
use serde::Serialize;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub admitted: u32,
    /// Places that ended.
    pub freed: u32,
    /// Slots in which nobody waited.
    pub passed_over: u32,
    /// Visitors who went without buying.
    pub abandoned: u32,
    /// Rooms that could not be looked after: the next run does.
    pub failed: usize,
}

impl Add for Report {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            admitted: self.admitted + other.admitted,
            freed: self.freed + other.freed,
            passed_over: self.passed_over + other.passed_over,
            abandoned: self.abandoned + other.abandoned,
            failed: self.failed + other.failed,
        }
    }
}

impl From<Tended> for Report {
    fn from(tended: Tended) -> Self {
        let Tended { admitted, freed, passed_over, abandoned, .. } = tended;
        Self { admitted, freed, passed_over, abandoned, failed: 0 }
    }
}

impl schedule::Report for Report {
    fn failed(&self) -> usize {
        self.failed
    }
}
