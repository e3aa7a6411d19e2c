//! The ports to a broker. `marquee-testkit` has one conformance suite for all who implement them.

use async_trait::async_trait;

use crate::message::Message;

/// A message on its way to an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub exchange: String,
    pub routing_key: String,
    pub message: Message,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No queue takes it. Publishing it again cannot help until the topology changes.
    #[error("no queue is bound to {exchange} for {routing_key}")]
    Unroutable { exchange: String, routing_key: String },
    /// Found before anything was sent. Publishing it again cannot help.
    #[error("a message of {actual} bytes; the broker takes at most {limit}")]
    PayloadTooLarge { limit: usize, actual: usize },
    /// The broker said no, or nothing in time: nobody knows whether it has the message.
    #[error("the broker did not confirm the message: {0}")]
    Unconfirmed(String),
}

#[async_trait]
pub trait Publisher: Send + Sync {
    /// Publishes each message; the answer has one result for each, in their order. `Ok` means that
    /// the broker has confirmed that it keeps the message; on `Err` it may have it all the same,
    /// so a consumer can see it twice.
    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>>;
}

#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// Puts a message that can never succeed in the dead-letter queue of `queue`, body untouched
    /// and the reason beside it. `Ok` means that the broker has confirmed that it keeps it.
    async fn park(&self, queue: &str, message: &Message, reason: &str) -> Result<(), PublishError>;
}
