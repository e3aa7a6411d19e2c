//! The topology as RabbitMQ has it. Safe to run again, and while others run it.
//!
//! ```text
//! exchange (topic) --routing keys--> queue (quorum) --too many deliveries--> <queue>_dlq (plain)
//!                                      ^
//! retry_<n>ms (fanout) -> retry_<n>ms (quorum, TTL n) --expired, by queue's name
//! ```
//!
//! A retry queue holds every message for the same time, so none waits behind a slower one, and
//! serves all main queues: what expires goes to the queue that its routing key names.

use std::{collections::BTreeSet, time::Duration};

use lapin::{
    Channel, ErrorKind, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    protocol::{AMQPErrorKind, AMQPSoftError},
    types::{AMQPValue, FieldTable},
};

use crate::topology::{self, Queue, RetryPolicy, Topology};

/// After so many deliveries without an acknowledgement a message is a dead letter: it may be what kills
/// its consumer each time, before that can settle it. As many as RabbitMQ 4 has by default; consumers
/// settle all else themselves.
const DELIVERIES_MAX: i64 = 20;

/// The exchange and queue for messages that wait this long.
pub fn retry_queue(delay: Duration) -> String {
    format!("retry_{}ms", delay.as_millis())
}

/// Marks the virtual host as an environment's: a queue that nobody uses, one of whose arguments is the
/// environment's name. RabbitMQ refuses to declare it anew with another.
///
/// # Errors
/// As the broker answers: see [`is_taken`].
pub(super) async fn claim(channel: &Channel, environment: &str) -> Result<(), lapin::Error> {
    let mut arguments = FieldTable::default();
    arguments.insert("x-dead-letter-exchange".into(), text(""));
    arguments.insert("x-dead-letter-routing-key".into(), text(environment));
    declare_queue(channel, topology::ENVIRONMENT_MARKER, arguments).await
}

/// Whether [`claim`] failed because the virtual host is another environment's.
pub(super) fn is_taken(error: &lapin::Error) -> bool {
    let taken = AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED);
    matches!(error.kind(), ErrorKind::ProtocolError(protocol) if *protocol.kind() == taken)
}

/// Declares all of a topology; `retry` replaces each queue's own policy.
///
/// # Errors
/// As the broker answers: a queue that is there with other arguments is left as it is.
pub(super) async fn declare(
    channel: &Channel,
    topology: &Topology,
    retry: Option<RetryPolicy>,
) -> Result<(), lapin::Error> {
    for exchange in topology.exchanges() {
        declare_exchange(channel, exchange, ExchangeKind::Topic).await?;
    }
    for queue in topology.dead_letter_queues() {
        // No arguments at all, so that any client may declare it.
        declare_queue(channel, &queue, FieldTable::default()).await?;
    }
    for queue in topology.reply_queues() {
        declare_queue(channel, queue, FieldTable::default()).await?;
    }
    let policies = topology.queues().map(|queue| retry.unwrap_or(queue.retry));
    let delays: BTreeSet<_> = policies.flat_map(|policy| policy.delays()).collect();
    for delay in delays {
        let name = retry_queue(delay);
        declare_exchange(channel, &name, ExchangeKind::Fanout).await?;
        declare_queue(channel, &name, retry_arguments(delay)).await?;
        bind(channel, &name, &name, "").await?;
    }
    for queue in topology.queues() {
        declare_queue(channel, queue.name, main_arguments(queue)).await?;
        for key in queue.routing_keys {
            bind(channel, queue.name, queue.exchange, key).await?;
        }
    }
    Ok(())
}

fn main_arguments(queue: &Queue) -> FieldTable {
    let mut arguments = quorum();
    let dead_letters = topology::dead_letter_queue(queue.name);
    arguments.insert("x-dead-letter-exchange".into(), text(""));
    arguments.insert("x-dead-letter-routing-key".into(), text(&dead_letters));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERIES_MAX));
    arguments
}

fn retry_arguments(delay: Duration) -> FieldTable {
    let mut arguments = quorum();
    arguments.insert("x-dead-letter-exchange".into(), text(""));
    let millis = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
    arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(millis));
    arguments
}

/// Replicated; and a message moves on to its dead-letter queue, or back from its wait, only once
/// the next queue has confirmed it, which RabbitMQ does for queues that refuse when full.
fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

async fn declare_exchange(
    channel: &Channel,
    name: &str,
    kind: ExchangeKind,
) -> Result<(), lapin::Error> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(name.into(), kind, options, FieldTable::default()).await
}

async fn declare_queue(
    channel: &Channel,
    name: &str,
    arguments: FieldTable,
) -> Result<(), lapin::Error> {
    channel.queue_declare(name.into(), QueueDeclareOptions::durable(), arguments).await.map(drop)
}

async fn bind(
    channel: &Channel,
    queue: &str,
    exchange: &str,
    routing_key: &str,
) -> Result<(), lapin::Error> {
    let options = QueueBindOptions::default();
    let (queue, exchange, key) = (queue.into(), exchange.into(), routing_key.into());
    channel.queue_bind(queue, exchange, key, options, FieldTable::default()).await
}
