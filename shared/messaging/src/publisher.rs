//! The ports to a broker. `marquee-testkit` has one conformance suite for all who implement them.

use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;

use crate::message::{BODY_BYTES_MAX, Message};

/// A message on its way to an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub exchange: String,
    pub routing_key: String,
    pub message: Message,
}

impl Outgoing {
    /// Whether any broker would take the body: then all of them do.
    pub(crate) fn check_body(&self) -> Result<(), PublishError> {
        let (limit, actual) = (BODY_BYTES_MAX, self.message.body.len());
        if actual > limit {
            return Err(PublishError::PayloadTooLarge { limit, actual });
        }
        match self.message.sendable_text() {
            Some(_) => Ok(()),
            None => Err(PublishError::Refused("its body has bytes that are no text".into())),
        }
    }

    pub(crate) fn unroutable(&self) -> PublishError {
        let Self { exchange, routing_key, .. } = self.clone();
        PublishError::Unroutable { exchange, routing_key }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No queue takes it. Publishing it again cannot help until the topology changes.
    #[error("no queue is bound to {exchange} for {routing_key}")]
    Unroutable { exchange: String, routing_key: String },
    /// Found before anything was sent. Publishing it again cannot help.
    #[error("a message of {actual} bytes; the broker takes at most {limit}")]
    PayloadTooLarge { limit: usize, actual: usize },
    /// The broker takes no such message. Publishing it again cannot help.
    #[error("the broker refuses the message: {0}")]
    Refused(String),
    /// The broker said no, or nothing in time: nobody knows whether it has the message.
    #[error("the broker did not confirm the message: {0}")]
    Unconfirmed(String),
}

impl PublishError {
    /// Whether publishing the same message again may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unconfirmed(_))
    }
}

#[async_trait]
pub trait Publisher: Debug + Send + Sync {
    /// Publishes each message; the answer has one result for each, in their order. `Ok` means that
    /// the broker has confirmed that it keeps the message; on `Err` it may have it all the same,
    /// so a consumer can see it twice.
    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>>;
}

/// Enough to know what went wrong. RabbitMQ closes the connection on headers of more than a frame,
/// 128 KB, and SQS counts attributes with the body.
const REASON_CHARS_MAX: usize = 500;

/// A dead letter's reason as it may stand beside the letter: it may quote what the sender wrote, of
/// any length.
pub fn short_reason(reason: &str) -> &str {
    reason.char_indices().nth(REASON_CHARS_MAX).map_or(reason, |(end, _)| &reason[..end])
}

#[async_trait]
pub trait DeadLetters: Debug + Send + Sync {
    /// Puts a message that can never succeed in the dead-letter queue of `queue`, body untouched
    /// and the reason beside it. `Ok` means that the broker has confirmed that it keeps it.
    async fn dead_letter(
        &self,
        queue: &str,
        message: &Message,
        reason: &str,
    ) -> Result<(), PublishError>;
}

/// A message whose handling failed for now.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    pub queue: &'a str,
    pub message: &'a Message,
    /// How often it has been tried.
    pub attempts: u32,
    /// What the broker knows this delivery by; empty on RabbitMQ.
    pub receipt: &'a str,
}

#[async_trait]
pub trait Retries: Debug + Send + Sync {
    /// Sees to it that the message comes again after `delay` and not before. `Ok` means that the
    /// broker has confirmed it.
    async fn retry_later(&self, failed: Failed<'_>, delay: Duration) -> Result<(), PublishError>;
}

/// A reply on its way to the queue of whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub to: String,
    pub message: Message,
}

impl Reply {
    pub(crate) fn nowhere(to: &str) -> PublishError {
        PublishError::Unroutable { exchange: String::new(), routing_key: to.to_owned() }
    }
}

#[async_trait]
pub trait Replies: Debug + Send + Sync {
    /// Sends each reply straight to its queue; one result for each, in their order. `Ok` means that
    /// the queue has it, or, on RabbitMQ, that there is no such queue any more. Elsewhere that is
    /// [`PublishError::Unroutable`], as is a queue that is not for replies. Sending it again cannot
    /// help then.
    async fn reply(&self, replies: &[Reply]) -> Vec<Result<(), PublishError>>;
}
