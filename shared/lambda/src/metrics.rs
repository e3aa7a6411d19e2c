//! Metrics of a batch, as one line in CloudWatch's embedded metric format: a log line that
//! CloudWatch reads as metrics, so that counting costs no request.

use std::{
    io::Write,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use marquee_kernel::time::Clock;
use serde_json::{Value, json};

use crate::{clock::SystemClock, config};

const NAMESPACE: &str = "Marquee";

/// Only where logs are JSON is there anybody to read the line.
pub(crate) static ENABLED: AtomicBool = AtomicBool::new(false);

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
    done: u32,
    retried: u32,
    dead_lettered: u32,
    unsettled: u32,
    milliseconds: Vec<f64>,
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
        counts.milliseconds.push(took.as_secs_f64() * 1000.0);
    }

    pub(crate) fn emit(&self, queue: &str) {
        if ENABLED.load(Ordering::Relaxed) {
            // A line that cannot be written has nowhere to be reported.
            let _ = writeln!(std::io::stdout(), "{}", self.line(queue));
        }
    }

    fn line(&self, queue: &str) -> Value {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |name: &str| json!({ "Name": name, "Unit": "Count" });
        json!({
            "_aws": {
                "Timestamp": SystemClock.now().millis(),
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": [["function", "queue"]],
                    "Metrics": [
                        count("MessagesDone"), count("MessagesRetried"),
                        count("MessagesDeadLettered"), count("MessagesUnsettled"),
                        { "Name": "HandleTime", "Unit": "Milliseconds" },
                    ],
                }],
            },
            // With its environment's prefix, so that two environments do not add up.
            "function": config::optional("AWS_LAMBDA_FUNCTION_NAME"),
            "queue": queue,
            "MessagesDone": counts.done,
            "MessagesRetried": counts.retried,
            "MessagesDeadLettered": counts.dead_lettered,
            "MessagesUnsettled": counts.unsettled,
            "HandleTime": counts.milliseconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_consumer_of_several_queues_counts_each_by_itself() {
        let metrics = BatchMetrics::default();
        metrics.record(Some(Settled::DeadLettered), Duration::from_millis(2));
        let line = metrics.line("member_queue");
        let described = &line["_aws"]["CloudWatchMetrics"][0];
        let dimensions = described["Dimensions"][0].as_array().expect("names");
        assert_eq!(line["queue"], "member_queue");
        for name in dimensions.iter().chain([&json!("MessagesDeadLettered"), &json!("HandleTime")])
        {
            assert!(line.get(name.as_str().expect("text")).is_some(), "{name} has no value");
        }
        assert!(dimensions.contains(&json!("queue")), "{described}");
        assert_eq!(line["MessagesDeadLettered"], 1);
    }
}
