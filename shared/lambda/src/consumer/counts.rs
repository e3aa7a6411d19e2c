//! What became of a batch's messages, as metrics.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::metrics::{Amount, Measured};

pub const DONE: &str = "MessagesDone";
pub const RETRIED: &str = "MessagesRetried";
pub const DEAD_LETTERED: &str = "MessagesDeadLettered";
/// They come again, because the broker did not take what was decided of them.
pub const UNSETTLED: &str = "MessagesUnsettled";
pub const HANDLE_TIME: &str = "HandleTime";

/// What a message came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Done,
    /// It comes again.
    Retried,
    DeadLettered,
}

#[derive(Debug, Default)]
pub(crate) struct BatchMetrics(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    done: u64,
    retried: u64,
    dead_lettered: u64,
    unsettled: u64,
    times: Vec<Duration>,
}

impl BatchMetrics {
    pub(crate) fn record(&self, settled: Option<Settled>, took: Duration) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match settled {
            Some(Settled::Done) => counts.done += 1,
            Some(Settled::Retried) => counts.retried += 1,
            Some(Settled::DeadLettered) => counts.dead_lettered += 1,
            None => counts.unsettled += 1,
        }
        counts.times.push(took);
    }

    /// By queue, so that one function's queues do not add up.
    pub(crate) fn measured<'a>(&self, queue: &'a str) -> Measured<'a> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let amounts = vec![
            (DONE, Amount::Count(counts.done)),
            (RETRIED, Amount::Count(counts.retried)),
            (DEAD_LETTERED, Amount::Count(counts.dead_lettered)),
            (UNSETTLED, Amount::Count(counts.unsettled)),
            (HANDLE_TIME, Amount::Times(counts.times.clone())),
        ];
        Measured { queue: Some(queue), amounts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_consumer_of_several_queues_counts_each_by_itself() {
        let metrics = BatchMetrics::default();
        metrics.record(Some(Settled::DeadLettered), Duration::from_millis(2));
        metrics.record(None, Duration::from_millis(3));
        let Measured { queue, amounts } = metrics.measured("member_queue");
        assert_eq!(queue, Some("member_queue"));
        let times = [2, 3].map(Duration::from_millis).to_vec();
        let expected = [
            (DONE, Amount::Count(0)),
            (RETRIED, Amount::Count(0)),
            (DEAD_LETTERED, Amount::Count(1)),
            (UNSETTLED, Amount::Count(1)),
            (HANDLE_TIME, Amount::Times(times)),
        ];
        assert_eq!(amounts, expected);
    }
}
