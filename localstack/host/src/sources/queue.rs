//! Lambda's queue mapping: receives a batch, hands it to the function as an SQS event, and settles
//! each message as the answer says.

use std::{collections::HashSet, sync::Arc};

use super::Stop;
use aws_lambda_events::sqs::SqsEvent;
use marquee_lambda::consumer::{MessageHandler, consume_sqs};
use marquee_messaging::backends::memory::{Delivery, MemoryBroker};
use serde_json::{Map, Value, json};

/// As Lambda's default for SQS.
const BATCH_LEN_MAX: usize = 10;

pub async fn poll(
    broker: MemoryBroker,
    queue: &'static str,
    handler: Arc<dyn MessageHandler>,
    mut stop: Stop,
) {
    loop {
        let batch = tokio::select! {
            batch = broker.receive(queue, BATCH_LEN_MAX) => batch,
            () = stop.requested() => return,
        };
        match serde_json::from_value::<SqsEvent>(event(queue, &batch)) {
            Ok(event) => {
                let response = consume_sqs(handler.as_ref(), Some(&broker), event).await;
                let failures = response.batch_item_failures.into_iter();
                settle(batch, &failures.map(|failure| failure.item_identifier).collect());
            }
            // Dropped unsettled, the batch comes again.
            Err(error) => tracing::error!(%error, "cannot make an event of a batch"),
        }
    }
}

fn settle(batch: Vec<Delivery>, failed: &HashSet<String>) {
    for (index, delivery) in batch.into_iter().enumerate() {
        match failed.contains(&message_id(index, &delivery)) {
            true => delivery.retry_later("the function could not handle it; its log says why"),
            false => delivery.done(),
        }
    }
}

/// Unique within the batch, which is all that the answer needs.
fn message_id(index: usize, delivery: &Delivery) -> String {
    let id = delivery.message().metadata.id.as_deref();
    format!("{}#{index}", id.unwrap_or("no-id"))
}

fn event(queue: &str, batch: &[Delivery]) -> Value {
    let record = |(index, delivery): (usize, &Delivery)| {
        let message = delivery.message();
        let attributes: Map<String, Value> = message
            .metadata
            .to_attributes()
            .into_iter()
            .map(|(name, value)| {
                let value = json!({
                    "stringValue": value, "dataType": "String",
                    "stringListValues": [], "binaryListValues": [],
                });
                (name.to_owned(), value)
            })
            .collect();
        json!({
            "messageId": message_id(index, delivery),
            "receiptHandle": message_id(index, delivery),
            "body": message.body,
            "attributes": { "ApproximateReceiveCount": delivery.attempt().to_string() },
            "messageAttributes": attributes,
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:local:000000000000:{queue}"),
            "awsRegion": "local",
        })
    };
    json!({ "Records": batch.iter().enumerate().map(record).collect::<Vec<_>>() })
}
