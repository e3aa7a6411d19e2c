//! AWS, as far as the functions see it: what it promises, and nothing more.
//!
//! | module | plays the part of |
//! |---|---|
//! | [`dynamodb`] | DynamoDB with its limits, and the network on the way to it |
//! | [`broker`] | SNS and SQS, or a RabbitMQ |
//! | [`lambda`] | Lambda: environments, time-outs, kills, freezes |
//! | [`gateway`] | API Gateway's HTTP API |
//! | [`queue`], [`stream`], [`schedule`] | Lambda's event source mappings, and EventBridge Scheduler |
//! | [`provider`] | the payment provider |

pub mod broker;
pub mod dynamodb;
pub mod gateway;
pub mod lambda;
pub mod provider;
pub mod queue;
pub mod schedule;
pub mod stream;
