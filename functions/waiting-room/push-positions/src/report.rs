//! What a run comes to.

use std::ops::Add;

use marquee_lambda::schedule;
use marquee_waiting_room::push::Pushes;
use serde::Serialize;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Looks at rooms.
    pub rooms: usize,
    pub sent: u32,
    /// Connections that were no more.
    pub gone: u32,
    /// Posts that failed. The next one tells the same.
    pub unsent: u32,
    /// Looks at rooms that failed.
    pub failed: usize,
}

impl Report {
    pub(crate) fn of_room(pushes: Pushes) -> Self {
        let Pushes { sent, gone, failed: unsent } = pushes;
        Self { rooms: 1, sent, gone, unsent, failed: 0 }
    }

    pub(crate) fn of_failed_room() -> Self {
        Self { rooms: 1, failed: 1, ..Self::default() }
    }

    /// Whether there was anything to do.
    pub fn is_idle(&self) -> bool {
        let Self { rooms: _, sent, gone, unsent, failed } = *self;
        (sent, gone, unsent, failed) == (0, 0, 0, 0)
    }
}

impl Add for Report {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            rooms: self.rooms + other.rooms,
            sent: self.sent + other.sent,
            gone: self.gone + other.gone,
            unsent: self.unsent + other.unsent,
            failed: self.failed + other.failed,
        }
    }
}

impl schedule::Report for Report {
    /// A post may fail. If most of them do, something is wrong.
    fn failed(&self) -> usize {
        let unsent = if self.unsent > self.sent { self.unsent } else { 0 };
        self.failed + usize::try_from(unsent).unwrap_or(usize::MAX)
    }
}
