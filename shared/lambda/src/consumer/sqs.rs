//! Batches as Lambda's SQS mapping delivers them.
//!
//! The answer lists the messages to be delivered again: always a list, never null, since null
//! means that all of them succeeded.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::future::join_all;
use marquee_messaging::message::{BASE64, Message, Metadata, attribute};
use serde_json::Value;

use super::{BatchMetrics, Consumer, Received, Settled};

pub async fn consume(consumer: &Consumer, event: SqsEvent) -> SqsBatchResponse {
    let metrics = BatchMetrics::default();
    let metrics = &metrics;
    let ids: Vec<_> = event.records.iter().map(|r| r.message_id.clone()).collect();
    let handled = consumer.handle(event.records.into_iter().map(received).collect()).await;
    let settled = ids.into_iter().zip(handled).map(|(id, handled)| async move {
        let settled = consumer.settle(handled, metrics).await;
        matches!(settled, Ok(Settled::Retried) | Err(_)).then_some(id.unwrap_or_default())
    });
    let failures = join_all(settled).await.into_iter().flatten().map(|id| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        failure
    });
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures.collect();
    metrics.measured(consumer.queue).emit();
    response
}

/// The queue that an event is from.
pub(super) fn queue_of(event: &Value) -> Option<&str> {
    event["Records"][0]["eventSourceARN"].as_str()?.rsplit(':').next()
}

fn received(record: SqsMessage) -> Received {
    let encoding = record.message_attributes.get(attribute::BODY_ENCODING);
    let is_encoded =
        encoding.is_some_and(|encoding| encoding.string_value.as_deref() == Some(BASE64));
    let attributes = record.message_attributes.into_iter();
    let metadata = Metadata::from_attributes(
        attributes.filter_map(|(name, attribute)| Some((name, attribute.string_value?))),
    );
    let count = record.attributes.get("ApproximateReceiveCount");
    let body = record.body.unwrap_or_default().into_bytes();
    // A dead letter that was put back into its queue.
    let body = match is_encoded {
        true => BASE64_STANDARD.decode(&body).unwrap_or(body),
        false => body,
    };
    Received {
        message: Message { metadata, body },
        attempt: count.and_then(|count| count.parse().ok()).unwrap_or(1),
        receipt: record.receipt_handle.unwrap_or_default(),
    }
}
