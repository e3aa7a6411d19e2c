//! AWS, as far as the functions see it: what it promises, and nothing more.
//!
//! | module | plays the part of |
//! |---|---|
//! | [`dynamodb`] | DynamoDB with its limits, and the network on the way to it |
//! | [`broker`] | SNS and SQS, or a RabbitMQ |
//! | [`lambda`] | Lambda: environments, time-outs, kills, freezes |
//! | [`gateway`] | API Gateway's HTTP API |
//! | [`queue`], [`amazon_mq`], [`stream`] | Lambda's event source mappings |
//! | [`schedule`] | EventBridge Scheduler |
//! | [`provider`] | the payment provider |

pub mod amazon_mq;
pub mod broker;
pub mod dynamodb;
pub mod gateway;
pub mod lambda;
pub mod provider;
pub mod queue;
pub mod schedule;
pub mod stream;

/// Which of Lambda's mappings calls consumers: it follows from the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "kebab-case")]
pub enum MappingKind {
    /// Several batches at once, and a message of a batch may come again by itself.
    Sqs,
    /// One batch at a time, which comes again whole.
    AmazonMq,
}
