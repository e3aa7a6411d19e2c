//! Batches as Lambda's SQS mapping delivers them.
//!
//! The answer lists the messages to be delivered again: always a list, never null, since null
//! means that all of them succeeded.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use marquee_messaging::message::{Message, Metadata};

use super::{Consumer, Delivery, Settled};
use crate::metrics::BatchMetrics;

pub async fn consume(consumer: &Consumer, event: SqsEvent) -> SqsBatchResponse {
    let metrics = BatchMetrics::default();
    let metrics = &metrics;
    let settled = event.records.into_iter().map(|record| async move {
        let id = record.message_id.clone().unwrap_or_default();
        let settled = consumer.settle(consumer.handle(delivery(record)).await, metrics).await;
        matches!(settled, Ok(Settled::Retried) | Err(_)).then_some(id)
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

fn delivery(record: SqsMessage) -> Delivery {
    let metadata =
        Metadata::from_attributes(|name| record.message_attributes.get(name)?.string_value.clone());
    let count = record.attributes.get("ApproximateReceiveCount");
    Delivery {
        message: Message { metadata, body: record.body.unwrap_or_default().into_bytes() },
        attempt: count.and_then(|count| count.parse().ok()).unwrap_or(1),
        receipt: record.receipt_handle.unwrap_or_default(),
    }
}
