//! How it went, second by second.

use std::time::Duration;

use crate::board::Status;

/// Whose way through the line is drawn.
pub const FOLLOWED: usize = 10;

#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// The visitors whose positions are taken.
    pub followed: Vec<usize>,
    pub taken: Vec<Sample>,
    /// The first that breaks the room's promise.
    pub too_many: Option<(u32, u32)>,
}

#[derive(Clone, Debug, Default)]
pub struct Sample {
    pub at: Duration,
    pub serving: u64,
    pub inside: u32,
    pub sold: usize,
    /// Of those followed: where each stands, if they stand in the line.
    pub positions: Vec<Option<u64>>,
}

impl Samples {
    /// Visitors who come at even distances.
    pub fn of(visitors: usize) -> Self {
        let count = FOLLOWED.min(visitors);
        let followed = (0..count).map(|nth| (2 * nth + 1) * visitors / (2 * count)).collect();
        Self { followed, ..Self::default() }
    }

    /// What a look at the status showed.
    pub fn take(
        &mut self,
        at: Duration,
        status: &Status,
        capacity: u32,
        sold: usize,
        numbers: &[Option<u64>],
    ) {
        if status.inside > capacity && self.too_many.is_none() {
            self.too_many = Some((status.inside, capacity));
        }
        let position = |number: &Option<u64>| {
            number.map(|number| status.position(number)).filter(|position| *position > 0)
        };
        let positions = numbers.iter().map(position).collect();
        let (serving, inside) = (status.serving, status.inside);
        self.taken.push(Sample { at, serving, inside, sold, positions });
    }

    pub fn inside_most(&self) -> u32 {
        self.taken.iter().map(|sample| sample.inside).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_are_followed_come_all_the_time() {
        assert_eq!(Samples::of(100).followed, [5, 15, 25, 35, 45, 55, 65, 75, 85, 95]);
        assert_eq!(Samples::of(3).followed, [0, 1, 2]);
        assert_eq!(Samples::of(1).followed, [0]);
    }

    #[test]
    fn a_position_ends_with_the_turn_and_a_full_room_is_no_fuller() {
        let mut samples = Samples::of(3);
        let status = |inside| Status { serving: 5, inside, ..Status::default() };
        samples.take(Duration::ZERO, &status(2), 2, 0, &[Some(5), Some(8), None]);
        assert_eq!(
            (&samples.taken[0].positions[..], samples.too_many),
            (&[None, Some(3), None][..], None)
        );
        samples.take(Duration::ZERO, &status(3), 2, 0, &[]);
        assert_eq!((samples.too_many, samples.inside_most()), (Some((3, 2)), 3));
    }
}
