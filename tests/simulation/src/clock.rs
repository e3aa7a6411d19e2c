//! Clocks of a world: virtual time, and how far a machine's clock is off.

use std::time::Duration;

use marquee_kernel::time::{Clock, Timestamp};
use tokio::time::Instant;

/// When every world begins: 2025-11-15T18:00:00Z.
const BEGINNING: Timestamp = Timestamp::from_millis(1_763_229_600_000);

/// The true time; begins when it is made, and goes on as tokio's paused clock does.
#[derive(Clone, Copy, Debug)]
pub struct WorldClock {
    began: Instant,
}

impl WorldClock {
    /// Begins now.
    pub fn begin() -> Self {
        Self { began: Instant::now() }
    }

    /// Since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        BEGINNING + self.elapsed()
    }
}

/// A machine's clock, ahead or behind.
#[derive(Clone, Copy, Debug)]
pub struct SkewedClock {
    pub clock: WorldClock,
    pub ahead_millis: i64,
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.now().millis() + self.ahead_millis)
    }
}
