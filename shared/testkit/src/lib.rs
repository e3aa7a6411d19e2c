//! What tests need beyond the system itself.
//!
//! | module | what it holds |
//! |---|---|
//! | [`clock`] | a clock that is told the time |
//! | [`capacity`] | what DynamoDB says a piece of work consumed |
//! | [`faulty`] | a connection to DynamoDB on which things go wrong |
//! | [`ledger`] | a payment provider that counts every cent, and on which things go wrong |
//! | [`conformance`] | what every broker backend has to do |
//! | `http` | a client for a deployed system (feature `http`) |
//! | `rabbitmq` | a virtual host of its own on a running RabbitMQ (feature `rabbitmq`) |
//! | `sqs` | queues of its own on SNS and SQS, and Lambda's part (feature `sqs`) |

pub mod capacity;
pub mod clock;
pub mod conformance;
pub mod faulty;
#[cfg(feature = "http")]
pub mod http;
pub mod ledger;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
#[cfg(feature = "sqs")]
pub mod sqs;

/// The value of a variable that says where a server is.
///
/// # Panics
/// If it is not set, with what to do about it.
pub fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run `make test`, or see tests/run for how to start a server")
    })
}
