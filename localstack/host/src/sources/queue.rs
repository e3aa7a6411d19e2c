//! Lambda's SQS mapping: receives a batch, hands it to the function as an SQS event, and settles
//! each message as the answer says.

use std::collections::HashSet;

use marquee_lambda::consumer::{Consumer, consume};
use marquee_messaging::backends::memory::{Delivery, MemoryBroker};
use serde_json::{Map, Value, json};

use super::Stop;

/// As Lambda's default for SQS.
const BATCH_LEN_MAX: usize = 10;

pub async fn poll(broker: MemoryBroker, consumer: Consumer, mut stop: Stop) {
    loop {
        let batch = tokio::select! {
            batch = broker.receive(consumer.queue, BATCH_LEN_MAX) => batch,
            () = stop.requested() => return,
        };
        match consume(&consumer, event(consumer.queue, &batch)).await {
            Ok(answer) => settle(batch, &failures(&answer)),
            // Dropped unsettled, the batch comes again.
            Err(error) => tracing::error!(%error, "the function failed"),
        }
    }
}

/// Those messages that the function did not deal with.
pub fn failures(answer: &Value) -> HashSet<&str> {
    let failures = answer["batchItemFailures"].as_array().into_iter().flatten();
    failures.filter_map(|failure| failure["itemIdentifier"].as_str()).collect()
}

pub fn settle(batch: Vec<Delivery>, failed: &HashSet<&str>) {
    for (index, delivery) in batch.into_iter().enumerate() {
        match failed.contains(message_id(index, &delivery).as_str()) {
            true => delivery.failed(),
            false => delivery.done(),
        }
    }
}

/// Unique within the batch, which is all that the answer needs.
fn message_id(index: usize, delivery: &Delivery) -> String {
    let id = delivery.message().metadata.id.as_deref();
    format!("{}#{index}", id.unwrap_or("no-id"))
}

/// A batch as the function gets it.
pub fn event(queue: &str, batch: &[Delivery]) -> Value {
    let record = |(index, delivery): (usize, &Delivery)| {
        let message = delivery.message();
        let attributes: Map<String, Value> = message
            .metadata
            .all_attributes()
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
            "receiptHandle": delivery.receipt(),
            "body": message.text(),
            "attributes": { "ApproximateReceiveCount": delivery.attempt().to_string() },
            "messageAttributes": attributes,
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:local:000000000000:{queue}"),
            "awsRegion": "local",
        })
    };
    json!({ "Records": batch.iter().enumerate().map(record).collect::<Vec<_>>() })
}
