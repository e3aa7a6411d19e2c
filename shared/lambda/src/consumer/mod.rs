//! A function on a queue: one message in, one of three outcomes out.
//!
//! | outcome | what becomes of the message |
//! |---|---|
//! | [`Outcome::Done`] | gone |
//! | [`Outcome::RetryLater`] | delivered again after the queue's delay, and after its last attempt a dead letter |
//! | [`Outcome::Poison`] | a dead letter at once, body untouched, the reason beside it |
//!
//! A handler that panics or hangs counts as `RetryLater`: one bad message is an error, not a dead
//! environment. No message holds up the others of its batch.
//!
//! Two kinds of event feed it, [`sqs`] and [`amazon_mq`]; the handler cannot tell which.

pub mod amazon_mq;
pub mod counts;
mod handler;
pub mod sqs;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use counts::{BatchMetrics, Settled};
pub use handler::{BatchHandler, Incoming, MessageHandler, Outcome, guarded};
use lambda_runtime::{LambdaEvent, service_fn};
use marquee_messaging::{
    message::Message,
    publisher::{DeadLetters, Failed, Retries, short_reason},
    topology::RetryPolicy,
    trace::TraceContext,
};
use serde_json::Value;
use tracing::Instrument;

use crate::{Error, config};

/// A queue's handler, and what it takes to settle the queue's messages.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub queue: &'static str,
    pub retry: RetryPolicy,
    pub handler: Arc<dyn BatchHandler>,
    pub dead_letters: Arc<dyn DeadLetters>,
    pub retries: Arc<dyn Retries>,
}

/// A message as one event brought it.
struct Received {
    message: Message,
    /// Tries in all, this one included.
    attempt: u32,
    receipt: String,
}

/// Runs a function that consumes these queues, by whichever mapping calls it.
pub async fn run<const N: usize>(consumers: [Consumer; N]) -> Result<(), Error> {
    let consumers = &consumers;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        consume(consumer_of(consumers, &event.payload)?, event.payload).await
    }))
    .await
}

/// The consumer of the queue that the event is from. A deployed queue's name may have something
/// before it.
fn consumer_of<'a>(consumers: &'a [Consumer], event: &Value) -> Result<&'a Consumer, Error> {
    let queue = amazon_mq::queue_of(event).or_else(|| sqs::queue_of(event)).unwrap_or_default();
    let mut named = consumers.iter().filter(|consumer| queue.ends_with(consumer.queue));
    match (consumers, named.next()) {
        (_, Some(consumer)) | ([consumer], None) => Ok(consumer),
        _ => Err(format!("an event from {queue:?}, which this function does not consume").into()),
    }
}

/// Handles one event of either kind and gives the answer that its mapping expects.
///
/// # Errors
/// If a batch from Amazon MQ has to come again.
pub async fn consume(consumer: &Consumer, event: Value) -> Result<Value, Error> {
    if amazon_mq::is_event(&event) {
        amazon_mq::consume(consumer, event).await?;
        return Ok(Value::Null);
    }
    let response = sqs::consume(consumer, serde_json::from_value(event)?).await;
    Ok(serde_json::to_value(response)?)
}

/// What is to become of a message.
enum Decision {
    Done,
    Retry { reason: String, delay: Duration },
    DeadLetter { reason: String },
}

/// A message, and what its handler decided.
struct Handled {
    incoming: Incoming,
    receipt: String,
    decision: Decision,
    took: Duration,
}

impl Consumer {
    /// Has a batch handled; nothing is settled yet.
    async fn handle(&self, deliveries: Vec<Received>) -> Vec<Handled> {
        let (batch, receipts): (Vec<_>, Vec<_>) =
            deliveries.into_iter().map(|delivery| self.receive(delivery)).unzip();
        let started = Instant::now();
        let outcomes = handler::outcomes(self.handler.as_ref(), &batch).await;
        let took = started.elapsed();
        let handled = batch.into_iter().zip(receipts).zip(outcomes);
        let handled = handled.map(|((incoming, receipt), outcome)| {
            let decision = self.decide(outcome, incoming.attempt);
            Handled { incoming, receipt, decision, took }
        });
        handled.collect()
    }

    fn receive(&self, delivery: Received) -> (Incoming, String) {
        let Received { message, attempt, receipt } = delivery;
        let parent = message.metadata.traceparent.as_deref().and_then(TraceContext::parse);
        let trace = parent.map_or_else(TraceContext::begin, TraceContext::child);
        let span = tracing::info_span!(
            "message",
            queue = self.queue,
            message_id = message.metadata.id,
            attempt,
            trace_id = trace.trace_id(),
        );
        let last = self.retry.delay_after(attempt).is_none();
        (Incoming { message, attempt, last, trace, span }, receipt)
    }

    fn decide(&self, outcome: Outcome, attempts: u32) -> Decision {
        match outcome {
            Outcome::Done => Decision::Done,
            Outcome::Poison(reason) => Decision::DeadLetter { reason },
            Outcome::RetryLater(reason) => match self.retry.delay_after(attempts) {
                Some(delay) => Decision::Retry { reason, delay },
                None => Decision::DeadLetter {
                    reason: format!("failed {attempts} times, at last: {reason}"),
                },
            },
        }
    }

    /// Carries a decision out. `Err` if the broker did not take what is to become of the message:
    /// then it has to be delivered again.
    async fn settle(&self, handled: Handled, metrics: &BatchMetrics) -> Result<Settled, String> {
        let Handled { incoming, receipt, decision, took } = handled;
        let settling = async {
            let settled = match decision {
                Decision::Done => Ok(Settled::Done),
                Decision::DeadLetter { reason } => {
                    self.dead_letter(&incoming.message, &reason).await
                }
                Decision::Retry { reason, delay } => {
                    self.retry_later(&incoming, &receipt, &reason, delay).await
                }
            };
            if let Err(reason) = &settled {
                tracing::warn!(reason, "message could not be settled and will come again");
            }
            metrics.record(settled.as_ref().ok().copied(), took);
            settled
        };
        incoming.trace.scope(settling.instrument(incoming.span.clone())).await
    }

    async fn retry_later(
        &self,
        incoming: &Incoming,
        receipt: &str,
        reason: &str,
        delay: Duration,
    ) -> Result<Settled, String> {
        tracing::warn!(reason, ?delay, "message will be tried again");
        let Incoming { message, attempt, .. } = incoming;
        let failed = Failed { queue: self.queue, message, attempts: *attempt, receipt };
        match self.retries.retry_later(failed, delay).await {
            Ok(()) => Ok(Settled::Retried),
            Err(error) if error.is_transient() => Err(error.to_string()),
            // There is nowhere to wait, as when the retry queues are those of another policy.
            Err(error) => self.dead_letter(message, &format!("{reason}; and then: {error}")).await,
        }
    }

    async fn dead_letter(&self, message: &Message, reason: &str) -> Result<Settled, String> {
        let reason = short_reason(reason);
        tracing::error!(reason, "message is a dead letter");
        let dead_lettered = self.dead_letters.dead_letter(self.queue, message, reason).await;
        dead_lettered.map(|()| Settled::DeadLettered).map_err(|error| error.to_string())
    }
}

/// `RETRY_DELAY_SECONDS` and `RETRY_ATTEMPTS_MAX`, if they say other than every queue's own policy.
pub fn retry_from_env() -> Result<Option<RetryPolicy>, config::ConfigError> {
    let standard = RetryPolicy::STANDARD;
    let delay = config::seconds_or("RETRY_DELAY_SECONDS", standard.delay_first)?;
    let policy = RetryPolicy {
        attempts_max: config::number_or("RETRY_ATTEMPTS_MAX", standard.attempts_max)?,
        delay_first: delay,
        delay_max: standard.delay_max.max(delay),
    };
    Ok((policy != standard).then_some(policy))
}

#[cfg(test)]
mod tests;
