//! `relay-outbox`: publishes the events that changes left in their items.
//!
//! Consumes a table's stream, of which AWS passes on only what has an event with a routing key. An
//! event that can never be published (malformed, too large, for no queue) is parked in
//! `relay_outbox_dlq` with the reason, so that it does not stop the ones behind it. A publish that
//! fails for now stops the batch at its record, which comes again.

mod attribute;

use std::sync::Arc;

use async_trait::async_trait;
use marquee_lambda::stream::{StreamHandler, StreamRecord};
use marquee_messaging::{
    message::{Message, Metadata},
    outbox::{ATTRIBUTE, OutboxEvent},
    publisher::{DeadLetters, Outgoing, PublishError, Publisher},
    topology::RELAY_OUTBOX,
    trace::TraceContext,
};
use serde_json::Value;

const SOURCE: &str = "relay-outbox";

#[derive(Clone)]
pub struct RelayOutbox {
    pub publisher: Arc<dyn Publisher>,
    pub dead_letters: Arc<dyn DeadLetters>,
}

impl std::fmt::Debug for RelayOutbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelayOutbox").finish_non_exhaustive()
    }
}

/// What a change left to be done.
enum Task {
    Publish(Outgoing),
    Park(Message, String),
}

#[async_trait]
impl StreamHandler for RelayOutbox {
    async fn handle(&self, records: &[StreamRecord]) -> Option<String> {
        let tasks = records
            .iter()
            .filter_map(|record| Some((&record.dynamodb.sequence_number, task(record)?)));
        let tasks: Vec<_> = tasks.collect();
        let batch = tasks.iter().filter_map(|(_, task)| match task {
            Task::Publish(outgoing) => Some(outgoing.clone()),
            Task::Park(..) => None,
        });
        let batch: Vec<_> = batch.collect();
        let mut results = self.publisher.publish(&batch).await.into_iter();
        // In the records' order, so that everything before the one that is answered with is done.
        for (number, task) in tasks {
            let settled = match task {
                Task::Publish(outgoing) => {
                    self.published(number, &outgoing.message, results.next()).await
                }
                Task::Park(message, reason) => self.park(number, &message, &reason).await,
            };
            if !settled {
                return Some(number.clone());
            }
        }
        None
    }
}

impl RelayOutbox {
    /// Whether the record needs no more work.
    async fn published(
        &self,
        sequence_number: &str,
        message: &Message,
        result: Option<Result<(), PublishError>>,
    ) -> bool {
        let unanswered = || Err(PublishError::Unconfirmed("no answer".into()));
        match result.unwrap_or_else(unanswered) {
            Ok(()) => true,
            Err(error) if error.is_transient() => {
                let event = message.metadata.id.as_deref();
                tracing::warn!(%error, event, "event will be published again");
                false
            }
            Err(error) => self.park(sequence_number, message, &error.to_string()).await,
        }
    }

    async fn park(&self, sequence_number: &str, message: &Message, reason: &str) -> bool {
        let event = message.metadata.id.as_deref();
        tracing::error!(sequence_number, event, reason, "event can never be published");
        let parked = self.dead_letters.park(RELAY_OUTBOX, message, reason).await;
        if let Err(error) = &parked {
            tracing::warn!(%error, sequence_number, "event could not be parked");
        }
        parked.is_ok()
    }
}

/// What a change left to be done, if it left anything.
fn task(record: &StreamRecord) -> Option<Task> {
    let event = record.dynamodb.new_image.get(ATTRIBUTE)?;
    // A change that left the event as it was did not cause it.
    if record.dynamodb.old_image.get(ATTRIBUTE) == Some(event) {
        return None;
    }
    let raw = |reason: String| {
        let body = event.to_string().into_bytes();
        Task::Park(Message { metadata: Metadata::default(), body }, reason)
    };
    Some(match read(event) {
        Err(error) => raw(error.to_string()),
        Ok(event) => match event.to_outgoing(SOURCE) {
            Some(outgoing) => Task::Publish(outgoing),
            None => raw(format!("no exchange carries {}", event.routing_key)),
        },
    })
}

fn read(event: &Value) -> Result<OutboxEvent, attribute::NotAnEvent> {
    let part = |name: &str| event.get("M")?.get(name);
    let unreadable = |name: &str| attribute::NotAnEvent(name.to_owned());
    let json = |name: &str| attribute::to_json(part(name).ok_or_else(|| unreadable(name))?);
    let text = |name: &str| {
        let value = json(name)?;
        value.as_str().map(str::to_owned).ok_or_else(|| unreadable(name))
    };
    Ok(OutboxEvent {
        id: text("id")?.parse().map_err(|_| unreadable("id"))?,
        routing_key: text("key")?,
        body: json("body")?,
        // An event is worth more than its trace.
        trace: part("trace")
            .and_then(attribute::bytes)
            .and_then(|bytes| TraceContext::from_bytes(&bytes)),
    })
}

#[cfg(test)]
mod tests;
