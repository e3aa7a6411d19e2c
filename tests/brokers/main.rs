//! The backends against real brokers, with everything that can go wrong between them, and the
//! whole system on a RabbitMQ that goes away.
//!
//! `make test` starts the brokers and says where they are, in `AMQP_URL`,
//! `RABBITMQ_MANAGEMENT_URL` and `AWS_ENDPOINT_URL`. Every test has queues of its own.

mod conformance;
mod deployed;
mod handler;
mod host;
mod members;
mod rabbitmq_consumer;
mod rabbitmq_publisher;
mod rabbitmq_topology;
mod relay_load;
mod sns_publisher;
mod sqs_consumer;
mod sqs_replies;
