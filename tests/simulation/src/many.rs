//! Many worlds, side by side, and what they add up to.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    mix::Fault,
    plan::{Cuts, Plan},
    run::{Outcome, run},
};

/// Worlds that failed and are kept to be told of.
const FAILED_MAX: usize = 10;

/// Which worlds.
#[derive(Clone, Debug)]
pub struct Worlds {
    pub seed: u64,
    /// No more than so many.
    pub count: u64,
    /// None begins after this time.
    pub time: Option<Duration>,
    pub cuts: Cuts,
}

/// What worlds add up to.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    pub worlds: u64,
    pub violations: u64,
    /// The first that failed, by their seeds.
    pub failed: Vec<Outcome>,
    /// Of all histories, whatever order the worlds ran in.
    pub digest: u64,
    pub lines: usize,
    pub coverage: BTreeMap<Fault, BTreeMap<String, u64>>,
    pub work: BTreeMap<&'static str, u64>,
}

impl Worlds {
    /// The seed of the nth world: the first one has the seed that was given.
    pub fn seed_of(&self, nth: u64) -> u64 {
        if nth == 0 {
            return self.seed;
        }
        let mut hasher = DefaultHasher::new();
        (self.seed, nth).hash(&mut hasher);
        // Short enough to be typed.
        hasher.finish() >> 16
    }

    /// Runs them on all cores; `told` hears of each.
    pub fn run(&self, told: impl Fn(&Sum) + Sync) -> Sum {
        let began = Instant::now();
        let (next, sum) = (AtomicU64::new(0), Mutex::new(Sum::default()));
        let work = || {
            loop {
                let nth = next.fetch_add(1, Ordering::SeqCst);
                let late = self.time.is_some_and(|time| began.elapsed() > time);
                if nth >= self.count || late {
                    return;
                }
                let outcome = run(&Plan::new(self.seed_of(nth), &self.cuts), false);
                let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                sum.add(outcome);
                told(&sum);
            }
        };
        let cores = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(work);
            }
        });
        sum.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sum {
    fn add(&mut self, outcome: Outcome) {
        self.worlds += 1;
        self.lines += outcome.lines;
        let mut hasher = DefaultHasher::new();
        (outcome.plan.setting.seed, outcome.digest).hash(&mut hasher);
        self.digest = self.digest.wrapping_add(hasher.finish());
        for ((fault, handler), times) in &outcome.coverage {
            let of_fault = self.coverage.entry(*fault).or_default();
            *of_fault.entry(handler.clone()).or_default() += times;
        }
        for (work, times) in &outcome.work {
            *self.work.entry(work).or_default() += times;
        }
        if !outcome.violations.is_empty() {
            self.violations += 1;
            if self.failed.len() < FAILED_MAX {
                self.failed.push(outcome);
            }
        }
    }
}
