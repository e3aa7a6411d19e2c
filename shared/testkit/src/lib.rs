//! What tests need beyond the system itself.
//!
//! | module | what it holds |
//! |---|---|
//! | [`clock`] | a clock that is told the time |
//! | [`capacity`] | what DynamoDB says a piece of work consumed |
//! | [`faulty`] | a connection to DynamoDB on which things go wrong |
//! | [`conformance`] | what every broker backend has to do |
//! | `rabbitmq` | a virtual host of its own on a running RabbitMQ (feature `rabbitmq`) |
//! | `sqs` | queues of its own on SNS and SQS, and Lambda's part (feature `sqs`) |

pub mod capacity;
pub mod clock;
pub mod conformance;
pub mod faulty;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
#[cfg(feature = "sqs")]
pub mod sqs;
