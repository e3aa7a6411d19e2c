//! What one look at the rooms has found and done.

use std::ops::Add;

use marquee_lambda::metrics::{Amount, Measured};
use marquee_waiting_room::{metrics, store::admission::Tended};

use crate::report::Report;

/// Of one room, or of several together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    pub(crate) rooms: usize,
    pub(crate) report: Report,
    depth: u64,
    /// The longest; `None` if nobody waits, or nobody knows.
    wait_seconds: Option<u64>,
    inside: u64,
    per_minute: u64,
}

impl Look {
    /// Of a room that could not be looked after: it is not measured either.
    pub(crate) fn failed() -> Self {
        Self { rooms: 1, report: Report { failed: 1, ..Report::default() }, ..Self::default() }
    }

    pub(crate) fn new(tended: Tended, main_slots: u64) -> Self {
        let standing = tended.standing;
        Self {
            rooms: 1,
            report: tended.into(),
            depth: standing.waiting(main_slots),
            wait_seconds: standing.wait_seconds(main_slots),
            inside: standing.inside.into(),
            per_minute: standing.per_minute.unwrap_or_default().into(),
        }
    }

    /// Writes the metrics, if there is a room. All rooms together: CloudWatch bills each value of a
    /// dimension as a metric of its own, so sessions are none.
    pub(crate) fn emit(&self) {
        let measured = Measured { queue: None, amounts: self.amounts() };
        match self.rooms {
            // An observer's gauges fall back to zero with the last room.
            0 => measured.observe(),
            _ => measured.emit(),
        }
    }

    /// `on-room-event` counts what it does itself, with the seats sold.
    fn amounts(&self) -> Vec<(&'static str, Amount)> {
        let wait_seconds = if self.depth == 0 { Some(0) } else { self.wait_seconds };
        let known = [
            (metrics::DEPTH, Amount::Count(self.depth)),
            (metrics::INSIDE, Amount::Count(self.inside)),
            (metrics::ADMISSIONS_PER_MINUTE, Amount::Count(self.per_minute)),
            (metrics::ADMITTED, Amount::Count(self.report.admitted.into())),
            (metrics::ABANDONED, Amount::Count(self.report.abandoned.into())),
        ];
        // Nobody can tell the wait in a line that does not move.
        let wait = wait_seconds.map(|wait| (metrics::WAIT, Amount::Seconds(wait)));
        known.into_iter().chain(wait).collect()
    }
}

impl Add for Look {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            rooms: self.rooms + other.rooms,
            report: self.report + other.report,
            depth: self.depth + other.depth,
            wait_seconds: self.wait_seconds.max(other.wait_seconds),
            inside: self.inside + other.inside,
            per_minute: self.per_minute + other.per_minute,
        }
    }
}
