//! What functions measure, for a Prometheus to fetch: the numbers that they write for CloudWatch on AWS,
//! and how many messages wait.
//!
//! They are of the process, as the functions' observer is; the messages that wait are of a host's broker.

use std::sync::OnceLock;

use marquee_lambda::{
    Error,
    consumer::counts,
    metrics::{Amount, Measured, Observer, set_observer},
};
use marquee_waiting_room::metrics as rooms;
use prometheus::{
    Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use crate::broker::HostBroker;

pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// What became of messages: as functions call it, and as the label does.
const OUTCOMES: &[(&str, &str)] = &[
    (counts::DONE, "done"),
    (counts::RETRIED, "retried"),
    (counts::DEAD_LETTERED, "dead_lettered"),
    (counts::UNSETTLED, "unsettled"),
];

/// From a write to the database up to the limit of a handler, which is 13 seconds.
const SECONDS: &[f64] =
    &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0];

/// How waiting rooms stand, all of them together.
const GAUGES: &[(&str, &str, &str)] = &[
    (rooms::DEPTH, "depth", "Visitors who wait, at most."),
    (
        rooms::WAIT,
        "wait_seconds",
        "The longest wait of a line's last visitor; NaN if nobody knows.",
    ),
    (rooms::INSIDE, "inside", "Visitors who are let in and not counted out."),
    (rooms::ADMISSIONS_PER_MINUTE, "admissions_per_minute", "Visitors let in per minute lately."),
];

const COUNTERS: &[(&str, &str, &str)] = &[
    (rooms::ADMITTED, "admitted_total", "Visitors who were let in."),
    (rooms::ABANDONED, "abandoned_total", "Visitors who went without buying."),
    (rooms::SEATS_SOLD, "seats_sold_total", "Seats that were sold in waiting rooms."),
];

#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    messages: IntCounterVec,
    handle_seconds: HistogramVec,
    /// By the names that functions give.
    gauges: Vec<(&'static str, Gauge)>,
    counters: Vec<(&'static str, IntCounter)>,
}

impl Metrics {
    /// Those of this process, which from now on are told what it measures.
    ///
    /// # Errors
    /// If a name is no name for Prometheus.
    pub fn of_process() -> Result<&'static Self, Error> {
        static METRICS: OnceLock<Metrics> = OnceLock::new();
        if let Some(metrics) = METRICS.get() {
            return Ok(metrics);
        }
        let new = Self::new()?;
        let metrics = METRICS.get_or_init(|| new);
        set_observer(metrics);
        Ok(metrics)
    }

    fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let named = |name: &str, help: &str| Opts::new(format!("marquee_{name}"), help);
        let outcome = named("messages_total", "Messages by what became of them.");
        let messages = IntCounterVec::new(outcome, &["queue", "outcome"])?;
        let handle = named("handle_seconds", "How long a message's batch was handled.");
        let handle = HistogramOpts { common_opts: handle, buckets: SECONDS.to_vec() };
        let handle_seconds = HistogramVec::new(handle, &["queue"])?;
        registry.register(Box::new(messages.clone()))?;
        registry.register(Box::new(handle_seconds.clone()))?;
        // From zero on: Prometheus sees no growth in what was not there before.
        for queue in marquee_contexts::topology().queues() {
            handle_seconds.with_label_values(&[queue.name]);
            for (_, outcome) in OUTCOMES {
                messages.with_label_values(&[queue.name, outcome]);
            }
        }
        let (mut gauges, mut counters) = (Vec::new(), Vec::new());
        for (measured, name, help) in GAUGES {
            let gauge = Gauge::with_opts(named(&format!("waiting_room_{name}"), help))?;
            registry.register(Box::new(gauge.clone()))?;
            gauges.push((*measured, gauge));
        }
        for (measured, name, help) in COUNTERS {
            let counter = IntCounter::with_opts(named(&format!("waiting_room_{name}"), help))?;
            registry.register(Box::new(counter.clone()))?;
            counters.push((*measured, counter));
        }
        Ok(Self { registry, messages, handle_seconds, gauges, counters })
    }

    /// What Prometheus reads.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn text(&self, broker: &HostBroker) -> Result<String, Error> {
        let waiting =
            Opts::new("marquee_queue_messages", "Messages that nobody has been handed yet.");
        let waiting = IntGaugeVec::new(waiting, &["queue"])?;
        for queue in marquee_contexts::topology().queues() {
            match broker.depth(queue.name).await {
                Ok(depth) => {
                    let ready = depth["ready"].as_i64().unwrap_or_default();
                    waiting.with_label_values(&[queue.name]).set(ready);
                }
                // The other numbers are most wanted when the broker is away.
                Err(error) => {
                    tracing::warn!(%error, "the queues were not measured");
                    break;
                }
            }
        }
        let registry = Registry::new();
        registry.register(Box::new(waiting))?;
        let families = [registry.gather(), self.registry.gather()].concat();
        Ok(TextEncoder::new().encode_to_string(&families)?)
    }

    fn observe_batch(&self, queue: &str, name: &str, amount: &Amount) {
        let outcome = OUTCOMES.iter().find(|(counted, _)| *counted == name);
        match (outcome, amount) {
            (Some((_, outcome)), Amount::Count(count)) => {
                self.messages.with_label_values(&[queue, outcome]).inc_by(*count);
            }
            (None, Amount::Times(times)) if name == counts::HANDLE_TIME => {
                let histogram = self.handle_seconds.with_label_values(&[queue]);
                times.iter().for_each(|time| histogram.observe(time.as_secs_f64()));
            }
            _ => {}
        }
    }

    fn observe_rooms(&self, name: &str, amount: &Amount) {
        let (Amount::Count(number) | Amount::Seconds(number)) = amount else { return };
        if let Some((_, gauge)) = self.gauges.iter().find(|(measured, _)| *measured == name) {
            #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 visitors")]
            gauge.set(*number as f64);
        }
        if let Some((_, counter)) = self.counters.iter().find(|(measured, _)| *measured == name) {
            counter.inc_by(*number);
        }
    }
}

impl Observer for &'static Metrics {
    fn observe(&self, measured: &Measured<'_>) {
        let has = |name: &str| measured.amounts.iter().any(|(measured, _)| *measured == name);
        if has(rooms::DEPTH) && !has(rooms::WAIT) {
            let wait = self.gauges.iter().find(|(measured, _)| *measured == rooms::WAIT);
            wait.into_iter().for_each(|(_, gauge)| gauge.set(f64::NAN));
        }
        for (name, amount) in &measured.amounts {
            match measured.queue {
                Some(queue) => self.observe_batch(queue, name, amount),
                None => self.observe_rooms(name, amount),
            }
        }
    }
}
