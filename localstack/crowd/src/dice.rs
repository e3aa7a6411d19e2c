//! Chance that can be repeated: the same seed throws the same dice.

use std::time::Duration;

use uuid::{Builder, Uuid};

/// SplitMix64. Each visitor has their own.
#[derive(Clone, Debug)]
pub struct Dice(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Dice {
    /// Of the many that a seed gives, this one.
    pub fn new(seed: u64, which: u64) -> Self {
        let mut mixed = Self(seed ^ which.wrapping_mul(0xd1b5_4a32_d192_ed03));
        Self(mixed.throw())
    }

    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, and not including, 1.
    pub fn share(&mut self) -> f64 {
        // 53 bits are all that fit.
        (self.throw() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn chance(&mut self, of: f64) -> bool {
        self.share() < of
    }

    /// Below this, which is above 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.throw() % end).unwrap_or_default()
    }

    pub fn seconds(&mut self, from: f64, to: f64) -> Duration {
        Duration::from_secs_f64(from + (to - from) * self.share())
    }

    pub fn uuid(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.throw().to_le_bytes());
        bytes[8..].copy_from_slice(&self.throw().to_le_bytes());
        Builder::from_random_bytes(bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same_and_visitors_throw_differently() {
        let thrown = |seed, which| Dice::new(seed, which).uuid();
        assert_eq!(thrown(1, 7), thrown(1, 7));
        assert_ne!(thrown(1, 7), thrown(1, 8));
        assert_ne!(thrown(1, 7), thrown(2, 7));
    }

    #[test]
    fn a_fifth_is_about_a_fifth() {
        let mut dice = Dice::new(3, 0);
        let hits = (0..10_000).filter(|_| dice.chance(0.2)).count();
        assert!((1_850..2_150).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| dice.below(3) < 3));
    }
}
