//! Batches as Lambda's SQS mapping delivers them.
//!
//! The answer lists the messages to be delivered again: always a list, never null, since null
//! means that all of them succeeded.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use marquee_messaging::message::{Message, Metadata};

use serde_json::Value;

use super::{Consumer, Delivery, Settled};
use crate::metrics::BatchMetrics;

pub async fn consume(consumer: &Consumer, event: SqsEvent) -> SqsBatchResponse {
    let metrics = BatchMetrics::default();
    let metrics = &metrics;
    let ids: Vec<_> = event.records.iter().map(|r| r.message_id.clone()).collect();
    let handled = consumer.handle(event.records.into_iter().map(delivery).collect()).await;
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
    metrics.emit(consumer.queue);
    response
}

/// The queue that an event is from.
pub(super) fn queue_of(event: &Value) -> Option<&str> {
    event["Records"][0]["eventSourceARN"].as_str()?.rsplit(':').next()
}

fn delivery(record: SqsMessage) -> Delivery {
    let attributes = record.message_attributes.into_iter();
    let metadata = Metadata::from_attributes(
        attributes.filter_map(|(name, attribute)| Some((name, attribute.string_value?))),
    );
    let count = record.attributes.get("ApproximateReceiveCount");
    Delivery {
        message: Message { metadata, body: record.body.unwrap_or_default().into_bytes() },
        attempt: count.and_then(|count| count.parse().ok()).unwrap_or(1),
        receipt: record.receipt_handle.unwrap_or_default(),
    }
}
