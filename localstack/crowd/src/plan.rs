//! How many come, and when.

use std::time::Duration;

use crate::dice::Dice;

/// Seats that one visitor may have.
pub const SEATS_PER_VISITOR: u16 = 2;

#[derive(Clone, Debug)]
pub struct Plan {
    pub visitors: usize,
    pub seats: usize,
    /// The visitors come within this time, at times that have nothing to do with the answers.
    pub arrivals: Duration,
    /// The first come so long before the room opens.
    pub early: Duration,
    pub capacity: u32,
    pub place_seconds: u32,
    /// The share of visitors who give up: of those in line, of those let in, of those with seats on hold.
    pub walk_away: f64,
    /// The share of visitors who connect, and are told of their turn. The others ask.
    pub connected: f64,
    pub seed: u64,
}

impl Plan {
    /// Inside at the same time, if nothing else is said: a quarter of the seats.
    pub fn capacity_for(seats: usize) -> u32 {
        u32::try_from(seats / 4).unwrap_or(u32::MAX).clamp(10, 1_000)
    }

    /// When each comes, from the first: spread evenly by chance, as people are who know nothing of each
    /// other.
    pub fn arrival_times(&self) -> Vec<Duration> {
        let mut dice = Dice::new(self.seed, u64::MAX);
        let mut times: Vec<_> =
            (0..self.visitors).map(|_| self.arrivals.mul_f64(dice.share())).collect();
        times.sort_unstable();
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_come_in_order_and_in_time() {
        let plan = Plan {
            visitors: 1_000,
            seats: 100,
            arrivals: Duration::from_secs(10),
            early: Duration::ZERO,
            capacity: Plan::capacity_for(100),
            place_seconds: 20,
            walk_away: 0.2,
            connected: 0.05,
            seed: 1,
        };
        let times = plan.arrival_times();
        assert_eq!((times.len(), plan.capacity), (1_000, 25));
        assert!(times.is_sorted() && times[999] < plan.arrivals);
        let early = times.iter().filter(|time| **time < plan.arrivals / 2).count();
        assert!((430..570).contains(&early), "{early} in the first half");
    }
}
