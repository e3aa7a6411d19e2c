//! Users and achievements of a game, counted in several places.
//!
//! Each shard of a game has a count with a version, which every change makes larger. A tally is what is
//! known of all of them. Two tallies join to what is newer of each shard, in whatever order and
//! however often: so a late or repeated message changes nothing.

use std::collections::BTreeMap;

/// One shard's count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub version: u64,
    pub users: u64,
    pub achievements: u64,
}

/// What is known of all shards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<u8, Count>);

impl Tally {
    /// What is newer stays.
    pub fn learn(&mut self, shard: u8, count: Count) {
        let known = self.0.entry(shard).or_default();
        if count.version > known.version {
            *known = count;
        }
    }

    pub fn shards(&self) -> impl Iterator<Item = (u8, Count)> {
        self.0.iter().map(|(shard, count)| (*shard, *count))
    }

    pub fn users(&self) -> u64 {
        self.0.values().map(|count| count.users).sum()
    }

    pub fn achievements(&self) -> u64 {
        self.0.values().map(|count| count.achievements).sum()
    }
}

impl FromIterator<(u8, Count)> for Tally {
    fn from_iter<I: IntoIterator<Item = (u8, Count)>>(counts: I) -> Self {
        let mut tally = Self::default();
        for (shard, count) in counts {
            tally.learn(shard, count);
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The counts that a shard went through, told in any order and more than once.
        #[test]
        fn a_tally_is_the_same_in_whatever_order_and_however_often_it_learns(
            steps in prop::collection::vec((0..4_u8, 0..100_u64, 0..100_u64), 1..30),
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        ) {
            let mut history = Vec::new();
            let mut versions = [0_u64; 4];
            for (shard, users, achievements) in steps {
                versions[usize::from(shard)] += 1;
                let version = versions[usize::from(shard)];
                history.push((shard, Count { version, users, achievements }));
            }
            let expected: Tally = history.iter().copied().collect();
            let mut told: Vec<_> = order.iter().map(|index| *index.get(&history)).collect();
            told.extend(history.iter().rev());
            prop_assert_eq!(told.into_iter().collect::<Tally>(), expected);
        }
    }
}
