//! `relay-outbox`: publishes the events that changes left in their items.
//!
//! Consumes a table's stream, of which AWS passes on only what has an event with a routing key. An
//! event that can never be published (malformed, too large, for no queue) is dead-lettered in
//! `relay_outbox_dlq` with the reason, so that it does not stop the ones behind it. A publish that
//! fails for now stops the batch at its record, which comes again.

use std::sync::Arc;

use async_trait::async_trait;
use marquee_lambda::stream::{StreamHandler, StreamRecord};
use marquee_messaging::{
    message::{Message, Metadata},
    outbox::{ATTRIBUTE, OutboxEvent},
    publisher::{DeadLetters, Outgoing, PublishError, Publisher},
    stored::Stored,
    topology::{RELAY_OUTBOX, Topology},
};
use serde_json::Value;

const SOURCE: &str = "relay-outbox";

#[derive(Clone, Debug)]
pub struct RelayOutbox {
    pub publisher: Arc<dyn Publisher>,
    pub dead_letters: Arc<dyn DeadLetters>,
    pub topology: Topology,
}

/// What a change left to be done.
enum Task {
    Publish(Outgoing),
    DeadLetter(Message, String),
}

#[async_trait]
impl StreamHandler for RelayOutbox {
    async fn handle(&self, records: &[StreamRecord]) -> Option<String> {
        let tasks = records.iter().filter_map(|record| {
            Some((&record.dynamodb.sequence_number, task(&self.topology, record)?))
        });
        let tasks: Vec<_> = tasks.collect();
        let batch = tasks.iter().filter_map(|(_, task)| match task {
            Task::Publish(outgoing) => Some(outgoing.clone()),
            Task::DeadLetter(..) => None,
        });
        let batch: Vec<_> = batch.collect();
        let mut results = self.publisher.publish(&batch).await.into_iter();
        // In the records' order, so that everything before the one that is answered with is done.
        for (number, task) in tasks {
            let settled = match task {
                Task::Publish(outgoing) => {
                    self.published(number, &outgoing.message, results.next()).await
                }
                Task::DeadLetter(message, reason) => {
                    self.dead_letter(number, &message, &reason).await
                }
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
            Err(error) => self.dead_letter(sequence_number, message, &error.to_string()).await,
        }
    }

    async fn dead_letter(&self, sequence_number: &str, message: &Message, reason: &str) -> bool {
        let event = message.metadata.id.as_deref();
        tracing::error!(sequence_number, event, reason, "event can never be published");
        let dead_lettered = self.dead_letters.dead_letter(RELAY_OUTBOX, message, reason).await;
        if let Err(error) = &dead_lettered {
            tracing::warn!(%error, sequence_number, "event could not be dead-lettered");
        }
        dead_lettered.is_ok()
    }
}

/// What a change left to be done, if it left anything.
fn task(topology: &Topology, record: &StreamRecord) -> Option<Task> {
    let event = record.dynamodb.new_image.get(ATTRIBUTE)?;
    // A change that left the event as it was did not cause it.
    if record.dynamodb.old_image.get(ATTRIBUTE) == Some(event) {
        return None;
    }
    let raw = |reason: String| {
        let body = event.to_string().into_bytes();
        Task::DeadLetter(Message { metadata: Metadata::default(), body }, reason)
    };
    Some(match read(event) {
        Err(reason) => raw(reason),
        Ok(event) => match event.to_outgoing(topology, SOURCE) {
            Some(outgoing) => Task::Publish(outgoing),
            None => raw(format!("no exchange carries {}", event.routing_key)),
        },
    })
}

fn read(event: &Value) -> Result<OutboxEvent, String> {
    let fields = event["M"].as_object().ok_or("an event is no map")?;
    // What cannot be read is missing: an event is worth more than its trace.
    let field = |(name, value): (&String, &Value)| {
        Some((name.clone(), serde_json::from_value(value.clone()).ok()?))
    };
    let stored = Stored::M(fields.iter().filter_map(field).collect());
    OutboxEvent::from_stored(&stored).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
