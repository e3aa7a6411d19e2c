//! How long answers took, and which did not come.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Join,
    /// A visitor's look at their own entry.
    Poll,
    Reserve,
    Confirm,
    /// The news that it is a visitor's turn, over their connection: only counted.
    Push,
    /// Whatever is not timed.
    Other,
}

#[derive(Debug, Default)]
pub struct Meter(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    micros: BTreeMap<Kind, Vec<u32>>,
    trouble: BTreeMap<String, usize>,
}

/// Of all answers to one kind of request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    pub count: usize,
    pub p50: Duration,
    pub p95: Duration,
    pub p99: Duration,
}

impl Meter {
    pub fn took(&self, kind: Kind, time: Duration) {
        let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        self.lock().micros.entry(kind).or_default().push(micros);
    }

    /// A request that has to be sent again.
    pub fn trouble(&self, what: String) {
        *self.lock().trouble.entry(what).or_default() += 1;
    }

    pub fn times(&self, kind: Kind) -> Times {
        let mut micros = self.lock().micros.get(&kind).cloned().unwrap_or_default();
        micros.sort_unstable();
        let at = |percent| {
            Duration::from_micros(percentile(&micros, percent).unwrap_or_default().into())
        };
        Times { count: micros.len(), p50: at(50), p95: at(95), p99: at(99) }
    }

    pub fn troubles(&self) -> BTreeMap<String, usize> {
        self.lock().trouble.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The least of these that so many percent of them do not exceed.
fn percentile(sorted: &[u32], percent: usize) -> Option<u32> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let hundred: Vec<u32> = (1..=100).collect();
        let of = |percent| percentile(&hundred, percent);
        assert_eq!((of(50), of(95), of(99), of(100)), (Some(50), Some(95), Some(99), Some(100)));
        assert_eq!(percentile(&[7, 9], 50), Some(7));
        assert_eq!(percentile(&[7, 9], 51), Some(9));
        assert_eq!(percentile(&[7], 0), Some(7));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn each_kind_is_timed_by_itself() {
        let meter = Meter::default();
        meter.took(Kind::Join, Duration::from_millis(3));
        meter.took(Kind::Join, Duration::from_millis(1));
        meter.took(Kind::Poll, Duration::from_millis(9));
        let joins = meter.times(Kind::Join);
        assert_eq!((joins.count, joins.p50.as_millis(), joins.p99.as_millis()), (2, 1, 3));
        assert_eq!(meter.times(Kind::Reserve), Times::default());
    }
}
