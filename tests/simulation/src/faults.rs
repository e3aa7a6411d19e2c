//! Faults as they strike in a world.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::{
    chance::Chance,
    journal::Journal,
    mix::{Fault, Mix},
};

/// The faults of a world while it lasts; they stop before it comes to rest.
#[derive(Clone, Debug)]
pub struct Faults {
    pub mix: Arc<Mix>,
    pub chance: Chance,
    pub journal: Journal,
    on: Arc<AtomicBool>,
}

impl Faults {
    /// None strikes yet.
    pub fn new(mix: Mix, chance: Chance, journal: Journal) -> Self {
        Self { mix: Arc::new(mix), chance, journal, on: Arc::default() }
    }

    pub fn switch(&self, on: bool) {
        self.on.store(on, Ordering::SeqCst);
    }

    pub fn are_on(&self) -> bool {
        self.on.load(Ordering::SeqCst)
    }

    /// Whether this fault strikes here and now. What strikes is in the journal.
    pub fn strike(&self, fault: Fault) -> bool {
        let strikes = self.are_on() && self.chance.happens(self.mix.rate(fault));
        if strikes {
            self.journal.struck(fault);
        }
        strikes
    }
}
