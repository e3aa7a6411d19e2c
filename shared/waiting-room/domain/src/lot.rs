//! The order of those who came before the opening, drawn by lot.
//!
//! A secret seed decides it. Its SHA-256 is published when the room is made, and the seed itself when the
//! lot is drawn, so anybody can check that the seed was not chosen later, and compute every number again.
//! The seed says nothing of who stands where: early lines fill as people come.

use sha2::{Digest, Sha256};

use crate::slot::{Line, Slot};

/// 32 bytes that nobody can guess.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(…)")
    }
}

impl Seed {
    /// What is published before the lot is drawn: the seed's SHA-256, in hexadecimal digits.
    pub fn commitment(self) -> String {
        hex(&Sha256::digest(self.0))
    }

    /// In hexadecimal digits.
    pub fn to_hex(self) -> String {
        hex(&self.0)
    }

    /// A number below `end`: the first 16 bytes of SHA-256 of the seed and `step` (8 bytes, the most
    /// significant first), taken modulo `end`. Of 2^128 values, none is more likely than another by
    /// more than one in 2^96.
    fn below(self, end: u32, step: u32) -> u32 {
        let digest = Sha256::new().chain_update(self.0).chain_update(u64::from(step).to_be_bytes());
        let digest = digest.finalize();
        let first = digest.iter().take(16).fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
        u32::try_from(first % u128::from(end)).unwrap_or_default()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The numbers of all visitors, the first of whom has number 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// How many slots each early line has, and where it begins among all of them.
    lines: Vec<(u32, u32)>,
    /// The number, from zero, of each slot of the early lines, one line after the other.
    numbers: Vec<u32>,
    /// The other way round.
    slots: Vec<u32>,
}

impl Lot {
    /// Draws: a Fisher–Yates shuffle of all early slots, one line after the other. Beginning with the
    /// last, each slot changes places with one that the seed chooses among those up to itself.
    pub fn draw(seed: Seed, counts: &[u32]) -> Self {
        let mut begin = 0;
        let lines = counts.iter().map(|count| {
            begin += count;
            (*count, begin - count)
        });
        let lines = lines.collect();
        let mut slots: Vec<u32> = (0..begin).collect();
        for last in (1..begin).rev() {
            slots.swap(last as usize, seed.below(last + 1, last) as usize);
        }
        let mut numbers = vec![0; slots.len()];
        for (number, slot) in (0..).zip(&slots) {
            if let Some(place) = numbers.get_mut(*slot as usize) {
                *place = number;
            }
        }
        Self { lines, numbers, slots }
    }

    /// How many numbers the early lines have.
    pub fn early(&self) -> u64 {
        self.numbers.len() as u64
    }

    /// The number of a slot; `None` if the early line was closed before it was taken.
    pub fn number_of(&self, slot: Slot) -> Option<u64> {
        match slot.line {
            Line::Main => Some(self.early() + slot.index + 1),
            Line::Early(line) => {
                let (count, begin) = self.lines.get(usize::from(line))?;
                let index = u32::try_from(slot.index).ok().filter(|index| index < count)?;
                let number = self.numbers.get((begin + index) as usize)?;
                Some(u64::from(*number) + 1)
            }
        }
    }

    /// The slot that has a number, from 1.
    pub fn slot_of(&self, number: u64) -> Slot {
        let index = number.saturating_sub(1);
        let early = usize::try_from(index).ok().and_then(|index| self.slots.get(index));
        let Some(early) = early else {
            return Slot { line: Line::Main, index: index.saturating_sub(self.early()) };
        };
        let line = self.lines.iter().rposition(|(count, begin)| begin <= early && *count > 0);
        let line = line.unwrap_or_default();
        let begin = self.lines.get(line).map_or(0, |(_, begin)| *begin);
        let index = u64::from(early - begin);
        Slot { line: Line::Early(u8::try_from(line).unwrap_or_default()), index }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_slot_has_one_number_and_every_number_one_slot(
            seed: [u8; 32],
            counts in proptest::collection::vec(0_u32..30, 1..10),
        ) {
            let lot = Lot::draw(Seed(seed), &counts);
            let total: u32 = counts.iter().sum();
            prop_assert_eq!(lot.early(), u64::from(total));
            let mut numbers = HashSet::new();
            for (line, count) in (0..).zip(&counts) {
                for index in 0..u64::from(*count) {
                    let slot = Slot { line: Line::Early(line), index };
                    let number = lot.number_of(slot).expect("a number");
                    prop_assert!((1..=u64::from(total)).contains(&number));
                    prop_assert!(numbers.insert(number));
                    prop_assert_eq!(lot.slot_of(number), slot);
                }
            }
            let first = Slot { line: Line::Main, index: 0 };
            prop_assert_eq!(lot.number_of(first), Some(u64::from(total) + 1));
            prop_assert_eq!(lot.slot_of(u64::from(total) + 1), first);
        }
    }

    #[test]
    fn the_seed_alone_decides_and_its_hash_is_known_before() {
        let seed = Seed([7; 32]);
        // By another program.
        let hash = "4bb06f8e4e3a7715d201d573d0aa423762e55dabd61a2c02278fa56cc6d294e0";
        assert_eq!(seed.commitment(), hash);
        assert_eq!(Lot::draw(seed, &[5, 5]), Lot::draw(seed, &[5, 5]));
        assert_ne!(Lot::draw(seed, &[50]), Lot::draw(Seed([8; 32]), &[50]));
    }

    #[test]
    fn everybody_has_the_same_chance_of_coming_first() {
        let mut first = [0_u32; 5];
        for n in 0..5_000_u32 {
            let seed = Seed(Sha256::digest(n.to_be_bytes()).into());
            let slot = Lot::draw(seed, &[2, 3]).slot_of(1);
            let begin = if slot.line == Line::Early(0) { 0 } else { 2 };
            first[begin + usize::try_from(slot.index).expect("small")] += 1;
        }
        // 1,000 each; six standard deviations are 170.
        assert!(first.iter().all(|count| count.abs_diff(1_000) < 170), "{first:?}");
    }

    #[test]
    fn a_slot_that_was_taken_too_late_has_no_number() {
        let lot = Lot::draw(Seed([1; 32]), &[2]);
        assert_eq!(lot.number_of(Slot { line: Line::Early(0), index: 2 }), None);
        assert_eq!(lot.number_of(Slot { line: Line::Early(1), index: 0 }), None);
    }
}
