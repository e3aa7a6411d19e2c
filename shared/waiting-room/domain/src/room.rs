//! A room, and its settings.

use marquee_kernel::{ids::UserId, time::Timestamp};
use uuid::Uuid;

use crate::{
    ids::SessionId,
    lot::{Lot, Seed},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    pub session: SessionId,
    /// Who may set it up.
    pub organizer: Uuid,
    /// On sale, in all.
    pub seats: u32,
    /// From when on nobody can reserve any more.
    pub sales_end: Timestamp,
    pub settings: Settings,
    pub seed: Seed,
    /// How many slots each early line had when the lot was drawn.
    pub drawn: Option<Vec<u32>>,
}

/// What the organizer decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Who comes before is in the lot.
    pub opens_at: Timestamp,
    /// Visitors let in per minute, at most; no bound of its own if missing.
    pub rate_per_minute: Option<u32>,
    /// Visitors inside at the same time, at most.
    pub capacity: u32,
    /// How long a visitor who was let in and does nothing keeps the place.
    pub place_seconds: u32,
    /// Seats that one pass is good for.
    pub seats_per_visitor: u16,
    /// Whether there is a line: otherwise everybody gets a pass at once.
    pub enabled: bool,
    /// Whether nobody is let in for now.
    pub paused: bool,
    /// To everybody in the room.
    pub message: Option<String>,
    /// Who need not wait.
    pub bypass: Vec<UserId>,
    /// Whether visitors get a pass at once while the room cannot take them.
    pub fail_open: bool,
}

pub const MESSAGE_CHARS_MAX: usize = 500;
pub const BYPASS_MAX: usize = 100;
pub const CAPACITY_MAX: u32 = 100_000;
pub const RATE_MAX: u32 = 1_000_000;
pub const PLACE_SECONDS: std::ops::RangeInclusive<u32> = 1..=3_600;
/// As many as fit a reservation.
pub const SEATS_PER_VISITOR_MAX: u16 = 63;

impl Settings {
    /// Those of a new room.
    pub fn new(opens_at: Timestamp) -> Self {
        Self {
            opens_at,
            rate_per_minute: None,
            capacity: 100,
            place_seconds: 120,
            seats_per_visitor: 4,
            enabled: true,
            paused: false,
            message: None,
            bypass: Vec::new(),
            fail_open: false,
        }
    }
}

impl Room {
    /// `None` before it is drawn.
    pub fn lot(&self) -> Option<Lot> {
        self.drawn.as_deref().map(|counts| Lot::draw(self.seed, counts))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    pub(crate) fn room(seats: u32) -> Room {
        Room {
            session: SessionId::new(Uuid::from_u128(1)),
            organizer: Uuid::from_u128(2),
            seats,
            sales_end: Timestamp::from_millis(2_000_000_000_000),
            settings: Settings::new(NOW),
            seed: Seed([0; 32]),
            drawn: Some(vec![]),
        }
    }
}
