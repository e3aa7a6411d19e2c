//! A function on a queue: one message in, one of three outcomes out.
//!
//! | outcome | what becomes of the message |
//! |---|---|
//! | [`Outcome::Done`] | gone |
//! | [`Outcome::RetryLater`] | delivered again after the queue's delay, and after its last attempt a dead letter |
//! | [`Outcome::Poison`] | a dead letter at once, body untouched, the reason beside it |
//!
//! A handler that panics counts as `RetryLater`: one bad message is an error, not a dead
//! environment. No message holds up the others of its batch.

use std::panic::AssertUnwindSafe;

use async_trait::async_trait;
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::{FutureExt, future::join_all};
use lambda_runtime::{LambdaEvent, service_fn};
use marquee_messaging::{
    message::{Message, Metadata},
    publisher::DeadLetters,
};

use crate::Error;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    RetryLater(String),
    Poison(String),
}

#[async_trait]
pub trait MessageHandler: Send + Sync {
    async fn handle(&self, message: &Message) -> Outcome;
}

/// Runs `handler` on a queue. With no `dead_letters`, poison stays in the queue until its
/// redrive policy moves it, which loses nothing but the reason and some attempts.
pub async fn run(
    handler: impl MessageHandler,
    dead_letters: Option<&dyn DeadLetters>,
) -> Result<(), Error> {
    let handler = &handler;
    lambda_runtime::run(service_fn(|event: LambdaEvent<SqsEvent>| async move {
        Ok::<_, Error>(consume_sqs(handler, dead_letters, event.payload).await)
    }))
    .await
}

/// Handles a batch as Lambda's SQS mapping delivers it. The answer lists the messages to be
/// delivered again: always a list, never null, since null means that all of them succeeded.
pub async fn consume_sqs(
    handler: &dyn MessageHandler,
    dead_letters: Option<&dyn DeadLetters>,
    event: SqsEvent,
) -> SqsBatchResponse {
    let settled = event.records.into_iter().map(|record| async move {
        let id = record.message_id.clone().unwrap_or_default();
        let settled = handle_one(handler, dead_letters, &record).await;
        if let Err(reason) = &settled {
            tracing::warn!(message_id = id, reason, "message will be tried again");
        }
        settled.is_err().then_some(id)
    });
    let failures = join_all(settled).await.into_iter().flatten().map(|id| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        failure
    });
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures.collect();
    response
}

/// `Err` if the message has to come again.
async fn handle_one(
    handler: &dyn MessageHandler,
    dead_letters: Option<&dyn DeadLetters>,
    record: &SqsMessage,
) -> Result<(), String> {
    let message = Message {
        metadata: Metadata::from_attributes(|name| {
            record.message_attributes.get(name)?.string_value.clone()
        }),
        body: record.body.clone().unwrap_or_default(),
    };
    let handled = AssertUnwindSafe(handler.handle(&message)).catch_unwind().await;
    let reason = match handled {
        Ok(Outcome::Done) => return Ok(()),
        Ok(Outcome::RetryLater(reason)) => return Err(reason),
        Ok(Outcome::Poison(reason)) => reason,
        Err(_) => return Err("the handler panicked".into()),
    };
    tracing::error!(message_id = record.message_id, reason, "message can never succeed");
    let Some(dead_letters) = dead_letters else { return Err(reason) };
    let arn = record.event_source_arn.as_deref().unwrap_or_default();
    let queue = arn.rsplit(':').next().unwrap_or_default();
    dead_letters.park(queue, &message, &reason).await.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct ByBody;

    #[async_trait]
    impl MessageHandler for ByBody {
        async fn handle(&self, message: &Message) -> Outcome {
            match message.body.as_str() {
                "later" => Outcome::RetryLater("not now".into()),
                "poison" => Outcome::Poison("never".into()),
                "panic" => panic!("on purpose"),
                _ => Outcome::Done,
            }
        }
    }

    fn batch(bodies: &[&str]) -> SqsEvent {
        let records: Vec<_> = bodies
            .iter()
            .map(|body| serde_json::json!({"messageId": body, "body": body, "attributes": {}}))
            .collect();
        serde_json::from_value(serde_json::json!({ "Records": records })).expect("an event")
    }

    #[tokio::test]
    async fn only_the_messages_that_failed_come_again() {
        let event = batch(&["fine", "later", "panic", "also fine"]);
        let response = consume_sqs(&ByBody, None, event).await;
        let failed: Vec<_> =
            response.batch_item_failures.iter().map(|f| f.item_identifier.as_str()).collect();
        assert_eq!(failed, ["later", "panic"]);
    }

    #[tokio::test]
    async fn a_batch_without_failures_is_answered_with_an_empty_list_not_null() {
        let response = consume_sqs(&ByBody, None, batch(&["fine"])).await;
        let json = serde_json::to_value(response).expect("json");
        assert_eq!(json["batchItemFailures"], serde_json::json!([]));
    }
}
