//! Choices that follow from a seed.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use uuid::Uuid;

/// A stream of choices. Its clones draw from the same stream.
#[derive(Clone, Debug)]
pub struct Chance(Arc<Mutex<fastrand::Rng>>);

impl Chance {
    /// A stream of its own for each use, so that one more choice here changes none there.
    pub fn new(seed: u64, used_for: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (seed, used_for).hash(&mut hasher);
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(hasher.finish()))))
    }

    /// A stream that goes its own way from here.
    #[must_use]
    pub fn fork(&self) -> Self {
        let forked = self.with(fastrand::Rng::fork);
        Self(Arc::new(Mutex::new(forked)))
    }

    /// Draws only if the answer is open, so that a fault at rate 0 costs no choice.
    pub fn happens(&self, probability: f64) -> bool {
        probability > 0.0 && self.with(fastrand::Rng::f64) < probability
    }

    /// One of 0, 1, … `count - 1`; 0 if there is none.
    pub fn below(&self, count: usize) -> usize {
        if count < 2 { 0 } else { self.with(|rng| rng.usize(..count)) }
    }

    pub fn one_of<'a, T>(&self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    pub fn between(&self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.with(fastrand::Rng::f64)
    }

    pub fn millis(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(if to <= from { from } else { self.with(|rng| rng.u64(from..to)) })
    }

    pub fn seconds(&self, from: f64, to: f64) -> Duration {
        Duration::from_secs_f64(self.between(from, to))
    }

    pub fn shuffle<T>(&self, things: &mut [T]) {
        self.with(|rng| rng.shuffle(things));
    }

    pub fn uuid(&self) -> Uuid {
        Uuid::from_u128(self.with(|rng| rng.u128(..)))
    }

    fn with<T>(&self, choose: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        choose(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
