//! `relay-outbox`: publishes the events that changes left in their items.
//!
//! Consumes a table's stream, in order. A record whose event is malformed can never be published:
//! it is logged and passed over, so that it does not stop the ones behind it. A publish that fails
//! for now stops the batch at its record, which comes again.

mod attribute;

use std::sync::Arc;

use async_trait::async_trait;
use marquee_lambda::stream::{StreamHandler, StreamRecord};
use marquee_messaging::{
    outbox::{ATTRIBUTE, OutboxEvent},
    publisher::{Outgoing, PublishError, Publisher},
};
use serde_json::Value;

const SOURCE: &str = "relay-outbox";
/// SNS takes ten messages at a time.
const BATCH_LEN: usize = 10;

#[derive(Clone)]
pub struct RelayOutbox {
    pub publisher: Arc<dyn Publisher>,
}

impl std::fmt::Debug for RelayOutbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelayOutbox").finish_non_exhaustive()
    }
}

#[async_trait]
impl StreamHandler for RelayOutbox {
    async fn handle(&self, records: &[StreamRecord]) -> Option<String> {
        let outgoing: Vec<_> = records
            .iter()
            .filter_map(|record| Some((&record.dynamodb.sequence_number, outgoing(record)?)))
            .collect();
        for batch in outgoing.chunks(BATCH_LEN) {
            let messages: Vec<_> = batch.iter().map(|(_, message)| message.clone()).collect();
            let results = self.publisher.publish(&messages).await;
            let mut results = results.into_iter();
            for (sequence_number, message) in batch {
                let event = message.message.metadata.id.as_deref();
                match results.next() {
                    Some(Ok(())) => {}
                    Some(Err(error @ PublishError::PayloadTooLarge { .. })) => {
                        tracing::error!(%error, event, "event can never be published");
                    }
                    // A queue may be declared yet: until then the event must not be lost.
                    Some(Err(error)) => {
                        tracing::warn!(%error, event, "event will be published again");
                        return Some((*sequence_number).clone());
                    }
                    None => return Some((*sequence_number).clone()),
                }
            }
        }
        None
    }
}

/// The message that a change caused, if it caused one.
fn outgoing(record: &StreamRecord) -> Option<Outgoing> {
    let event = record.dynamodb.new_image.get(ATTRIBUTE)?;
    // A change that left the event as it was did not cause it.
    if record.dynamodb.old_image.get(ATTRIBUTE) == Some(event) {
        return None;
    }
    let sequence_number = &record.dynamodb.sequence_number;
    match read(event) {
        Ok(event) => {
            let outgoing = event.to_outgoing(SOURCE);
            if outgoing.is_none() {
                let routing_key = event.routing_key;
                tracing::error!(sequence_number, routing_key, "no queue takes this event");
            }
            outgoing
        }
        Err(error) => {
            tracing::error!(sequence_number, %error, "malformed event in an item");
            None
        }
    }
}

fn read(event: &Value) -> Result<OutboxEvent, attribute::NotAnEvent> {
    let event = attribute::to_json(event)?;
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    let id = text("id").and_then(|id| id.parse().ok());
    match (id, text("key"), event.get("body")) {
        (Some(id), Some(key), Some(body)) => {
            Ok(OutboxEvent { id, routing_key: key.to_owned(), body: body.clone() })
        }
        _ => Err(attribute::NotAnEvent("id, key and body".into())),
    }
}

#[cfg(test)]
mod tests;
