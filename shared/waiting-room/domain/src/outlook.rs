//! What a visitor is told of the wait.

use strum::{IntoStaticStr, VariantNames};

/// A visitor's way to the front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// From 1: who is next.
    pub position: u64,
    /// Those in front who have not gone, at most: who has left counts until the line comes to them.
    pub ahead: u64,
    /// `None` while nobody knows how fast it goes.
    pub wait_seconds: Option<u64>,
    /// When to ask again.
    pub next_poll_seconds: u64,
}

/// Whether seats will be left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Chance {
    Good,
    Low,
}

impl Chance {
    pub const NAMES: &'static [&'static str] = <Self as VariantNames>::VARIANTS;
}

/// Near the front, and far back.
const POLL_SECONDS: std::ops::RangeInclusive<u64> = 2..=60;
/// While nobody knows how fast it goes.
const POLL_SECONDS_UNKNOWN: u64 = 10;

impl Outlook {
    /// Of a number, where everybody up to `serving` has had their turn and `per_minute` are let in.
    pub fn new(number: u64, serving: u64, per_minute: Option<u32>) -> Self {
        let ahead = number.saturating_sub(serving + 1);
        let rate = per_minute.filter(|rate| *rate > 0);
        let wait_seconds = rate.map(|rate| (ahead * 60).div_ceil(u64::from(rate)));
        Self {
            position: ahead + 1,
            ahead,
            wait_seconds,
            next_poll_seconds: next_poll(wait_seconds),
        }
    }

    /// Low if those in front are as many as there are seats, though each of them takes one only.
    pub fn chance(&self, inside: u32, seats_left: u32) -> Chance {
        match self.ahead + u64::from(inside) < u64::from(seats_left) {
            true => Chance::Good,
            false => Chance::Low,
        }
    }

    /// Of somebody who has no number yet, who will know more then.
    pub fn poll_before(seconds: u64) -> u64 {
        seconds.clamp(*POLL_SECONDS.start(), *POLL_SECONDS.end())
    }
}

/// A tenth of the wait: a visitor who is told of it late has waited a tenth longer.
fn next_poll(wait_seconds: Option<u64>) -> u64 {
    match wait_seconds {
        None => POLL_SECONDS_UNKNOWN,
        Some(wait) => (wait / 10).clamp(*POLL_SECONDS.start(), *POLL_SECONDS.end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_far_back_asks_seldom_and_who_is_near_asks_often() {
        let next = Outlook::new(101, 100, Some(600));
        assert_eq!((next.position, next.ahead, next.wait_seconds), (1, 0, Some(0)));
        assert_eq!(next.next_poll_seconds, 2);
        let far = Outlook::new(100_000, 100, Some(600));
        assert_eq!((far.ahead, far.wait_seconds), (99_899, Some(9_990)));
        assert_eq!(far.next_poll_seconds, 60);
        let middle = Outlook::new(2_101, 100, Some(600));
        assert_eq!((middle.wait_seconds, middle.next_poll_seconds), (Some(200), 20));
    }

    #[test]
    fn who_has_as_many_in_front_as_there_are_seats_is_told_early() {
        let outlook = Outlook::new(101, 0, None);
        assert_eq!(outlook.chance(0, 101), Chance::Good);
        assert_eq!(outlook.chance(1, 101), Chance::Low);
        assert_eq!(outlook.chance(0, 100), Chance::Low);
    }

    #[test]
    fn a_line_that_does_not_move_promises_nothing() {
        for rate in [None, Some(0)] {
            let outlook = Outlook::new(7, 0, rate);
            assert_eq!((outlook.ahead, outlook.wait_seconds), (6, None));
        }
        assert_eq!(Outlook::new(3, 5, None).ahead, 0, "who was passed over is next");
    }
}
