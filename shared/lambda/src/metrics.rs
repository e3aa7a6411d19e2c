//! Metrics: numbers that were taken together are one line in CloudWatch's embedded metric format, a log
//! line that CloudWatch reads as metrics, so that measuring costs no request. An [`Observer`] of the
//! process is told the same.

use std::{
    fmt::Debug,
    io::Write,
    sync::{
        OnceLock,
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

static OBSERVER: OnceLock<Box<dyn Observer>> = OnceLock::new();

/// Who wants the numbers in a form of their own, so that no function depends on it.
pub trait Observer: Debug + Send + Sync {
    fn observe(&self, measured: &Measured<'_>);
}

/// From now on it is told what is measured in this process. A process has one: later ones are told
/// nothing.
pub fn set_observer(observer: impl Observer + 'static) {
    let _ = OBSERVER.set(Box::new(observer));
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amount {
    Count(u64),
    Seconds(u64),
    /// How long each took. CloudWatch takes up to a hundred.
    Times(Vec<Duration>),
}

impl Amount {
    /// What CloudWatch calls the unit.
    fn unit(&self) -> &'static str {
        match self {
            Self::Count(_) => "Count",
            Self::Seconds(_) => "Seconds",
            Self::Times(_) => "Milliseconds",
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Count(number) | Self::Seconds(number) => json!(number),
            Self::Times(times) => times.iter().map(|time| time.as_secs_f64() * 1000.0).collect(),
        }
    }
}

/// Numbers that were taken together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured<'a> {
    /// The queue that they are of; without one, they are of the function.
    pub queue: Option<&'a str>,
    /// By their names.
    pub amounts: Vec<(&'static str, Amount)>,
}

impl Measured<'_> {
    /// Tells the observer, and writes the line.
    pub fn emit(&self) {
        self.observe();
        if ENABLED.load(Ordering::Relaxed) {
            // A line that cannot be written has nowhere to be reported.
            let _ = writeln!(std::io::stdout(), "{}", self.line());
        }
    }

    /// Tells the observer only.
    pub fn observe(&self) {
        if let Some(observer) = OBSERVER.get() {
            observer.observe(self);
        }
    }

    fn line(&self) -> Value {
        let described =
            |(name, amount): &(&str, Amount)| json!({ "Name": name, "Unit": amount.unit() });
        let described: Vec<_> = self.amounts.iter().map(described).collect();
        let dimensions: &[&str] = match self.queue {
            Some(_) => &["function", "queue"],
            None => &["function"],
        };
        let mut line = json!({
            "_aws": {
                "Timestamp": SystemClock.now().millis(),
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": [dimensions],
                    "Metrics": described,
                }],
            },
            // With its environment's prefix, so that two environments do not add up.
            "function": config::optional("AWS_LAMBDA_FUNCTION_NAME"),
        });
        if let Some(queue) = self.queue {
            line["queue"] = json!(queue);
        }
        for (name, amount) in &self.amounts {
            line[*name] = amount.json();
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_value_for_every_metric_and_dimension_that_it_describes_and_no_other() {
        let amounts = vec![
            ("Depth", Amount::Count(3)),
            ("Wait", Amount::Seconds(70)),
            ("Took", Amount::Times(vec![Duration::from_millis(2)])),
        ];
        for queue in [None, Some("member_queue")] {
            let line = Measured { queue, amounts: amounts.clone() }.line();
            let described = &line["_aws"]["CloudWatchMetrics"][0];
            let metrics = described["Metrics"].as_array().expect("metrics");
            let dimensions = described["Dimensions"][0].as_array().expect("names");
            let names = metrics.iter().map(|metric| &metric["Name"]).chain(dimensions);
            let names: Vec<_> = names.map(|name| name.as_str().expect("text")).collect();
            for name in &names {
                assert!(line.get(name).is_some(), "{name} has no value: {line}");
            }
            let more = line.as_object().expect("fields").keys().filter(|key| *key != "_aws");
            assert_eq!(more.count(), names.len(), "{line}");
            assert_eq!(dimensions.contains(&json!("queue")), queue.is_some(), "{line}");
            assert_eq!((&line["Depth"], &line["Wait"]), (&json!(3), &json!(70)));
            assert_eq!(line["Took"], json!([2.0]));
            let units: Vec<_> = metrics.iter().map(|metric| &metric["Unit"]).collect();
            assert_eq!(units, ["Count", "Seconds", "Milliseconds"]);
        }
    }
}
