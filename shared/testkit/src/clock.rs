//! A clock that is told the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use marquee_kernel::time::{Clock, Timestamp};

#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.millis())))
    }

    pub fn set(&self, now: Timestamp) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }

    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Ahead or behind by so many seconds.
    pub fn shift_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A clock that goes on by so much each time it is asked.
#[derive(Clone, Debug)]
pub struct TickingClock {
    pub clock: ManualClock,
    pub by: Duration,
}

impl Clock for TickingClock {
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        self.clock.advance(self.by);
        now
    }
}
