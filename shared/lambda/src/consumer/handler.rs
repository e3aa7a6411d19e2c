//! What handles a queue's messages: one by one, or a batch together.

use std::{fmt::Debug, panic::AssertUnwindSafe, time::Duration};

use async_trait::async_trait;
use futures_util::{FutureExt, future::join_all};
use marquee_messaging::{message::Message, trace::TraceContext};
use tracing::{Instrument, Span};

/// A consumer's time-out of a minute has room for this and for settling: dead-lettering, delaying and
/// dead-lettering what has nowhere to wait may each take a publisher 15 s.
const BATCH_MAX: Duration = Duration::from_secs(13);
/// A part of the batch that is slow is stopped before the whole batch is.
const PART_MAX: Duration = Duration::from_secs(12);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    RetryLater(String),
    Poison(String),
}

/// A message as its handler gets it.
#[derive(Clone, Debug)]
pub struct Incoming {
    pub message: Message,
    /// Tries in all, this one included.
    pub attempt: u32,
    /// Whether it is a dead letter if this try fails.
    pub last: bool,
    /// To be written beside whatever the message causes.
    pub trace: TraceContext,
    pub span: Span,
}

/// Most handlers: what one message comes to says nothing of the others.
#[async_trait]
pub trait MessageHandler: Debug + Send + Sync {
    async fn handle(&self, message: &Message) -> Outcome;

    /// The last try has failed, and the message is about to be a dead letter: for those who keep on
    /// record what has come to a stop. It may be called more than once, and not at all if a try was
    /// cut off.
    async fn give_up(&self, _message: &Message, _reason: &str) {}
}

/// A handler that does better with the whole batch in hand.
#[async_trait]
pub trait BatchHandler: Debug + Send + Sync {
    /// One outcome for each message, in their order.
    async fn handle_batch(&self, batch: &[Incoming]) -> Vec<Outcome>;
}

/// All at once, each within its own trace.
#[async_trait]
impl<H: MessageHandler> BatchHandler for H {
    async fn handle_batch(&self, batch: &[Incoming]) -> Vec<Outcome> {
        join_all(batch.iter().map(|incoming| {
            let handling = async {
                let message = &incoming.message;
                let outcome = guarded(self.handle(message)).await;
                let outcome = outcome.unwrap_or_else(Outcome::RetryLater);
                if let (true, Outcome::RetryLater(reason)) = (incoming.last, &outcome) {
                    let _ = guarded(self.give_up(message, reason)).await;
                }
                outcome
            };
            incoming.trace.scope(handling).instrument(incoming.span.clone())
        }))
        .await
    }
}

/// One outcome for each message, whatever the handler does.
pub(super) async fn outcomes(handler: &dyn BatchHandler, batch: &[Incoming]) -> Vec<Outcome> {
    let all = |reason: String| vec![Outcome::RetryLater(reason); batch.len()];
    let handled = within(BATCH_MAX, handler.handle_batch(batch)).await;
    let mut outcomes = handled.unwrap_or_else(all);
    outcomes.resize(batch.len(), Outcome::RetryLater("the handler did not say".into()));
    outcomes
}

/// Handles a part of a batch so that neither a panic nor a hang of it concerns the others. `Err`
/// says how it ended without a result.
pub async fn guarded<T>(handling: impl Future<Output = T>) -> Result<T, String> {
    within(PART_MAX, handling).await
}

async fn within<T>(limit: Duration, handling: impl Future<Output = T>) -> Result<T, String> {
    let handling = AssertUnwindSafe(handling).catch_unwind();
    match tokio::time::timeout(limit, handling).await {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(_)) => Err("the handler panicked".into()),
        Err(_) => Err(format!("the handler took more than {limit:?}")),
    }
}
