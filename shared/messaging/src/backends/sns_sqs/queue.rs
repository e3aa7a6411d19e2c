//! A consumer's queues: delaying a message, and dead-lettering it.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::{Client, error::DisplayErrorContext, types::MessageAttributeValue};
use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    message::{BASE64, Message, attribute, is_sendable},
    publisher::{DeadLetters, Failed, PublishError, Retries, short_reason},
    topology::{Topology, dead_letter_queue},
};

/// What SQS takes beside a message.
const ATTRIBUTES_MAX: usize = 10;

#[derive(Clone, Debug)]
pub struct SqsQueues {
    pub client: Client,
    /// What every queue's URL begins with; the queue's own name follows.
    pub url_prefix: String,
    pub topology: Topology,
}

impl SqsQueues {
    pub(super) fn url(&self, queue: &str) -> String {
        format!("{}{queue}", self.url_prefix)
    }
}

#[async_trait]
impl DeadLetters for SqsQueues {
    async fn dead_letter(
        &self,
        queue: &str,
        message: &Message,
        reason: &str,
    ) -> Result<(), PublishError> {
        // What no queue would take as it is goes encoded: a dead letter has nowhere else to go.
        let (body, encoding) = match message.sendable_text() {
            Some(text) => (text.to_owned(), None),
            None => {
                (BASE64_STANDARD.encode(&message.body), Some((attribute::BODY_ENCODING, BASE64)))
            }
        };
        let attributes = [(attribute::REASON, short_reason(reason))].into_iter().chain(encoding);
        let attributes = attributes.chain(message.metadata.all_attributes()).take(ATTRIBUTES_MAX);
        let url = self.url(&dead_letter_queue(queue));
        let mut request = self.client.send_message().queue_url(url).message_body(body);
        for (name, value) in attributes {
            request = request.message_attributes(name, attribute_value(value)?);
        }
        let sent = request.send().await;
        sent.map(drop).map_err(|error| unconfirmed(DisplayErrorContext(error)))
    }
}

/// The message stays in its queue, invisible for the delay.
#[async_trait]
impl Retries for SqsQueues {
    async fn retry_later(&self, failed: Failed<'_>, delay: Duration) -> Result<(), PublishError> {
        let seconds = i32::try_from(delay.as_secs_f64().ceil() as u64).unwrap_or(i32::MAX);
        let changed = self
            .client
            .change_message_visibility()
            .queue_url(self.url(failed.queue))
            .receipt_handle(failed.receipt)
            .visibility_timeout(seconds)
            .send()
            .await;
        changed.map(drop).map_err(|error| unconfirmed(DisplayErrorContext(error)))
    }
}

/// SQS refuses an empty attribute, and characters that a sender may have written all the same.
pub(super) fn attribute_value(value: &str) -> Result<MessageAttributeValue, PublishError> {
    let value = value.replace(|c: char| c.is_control() || !is_sendable(c), " ");
    let value = if value.is_empty() { "-".to_owned() } else { value };
    let value = MessageAttributeValue::builder().data_type("String").string_value(value);
    value.build().map_err(unconfirmed)
}

pub(super) fn unconfirmed(error: impl std::fmt::Display) -> PublishError {
    PublishError::Unconfirmed(error.to_string())
}
