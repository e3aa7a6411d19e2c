//! Metadata as AMQP properties and headers.

use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable},
};

use crate::{
    message::{Message, attribute},
    publisher::short_reason,
};

/// Survives a restart of the broker.
const PERSISTENT: u8 = 2;

/// As a property it means this very connection, which the broker checks: it would refuse the message.
/// A name that it has completed is like any other.
const DIRECT_REPLY_TO: &str = "amq.rabbitmq.reply-to";

pub(super) type Header = (&'static str, AMQPValue);

pub(super) fn reason(reason: &str) -> Header {
    (attribute::REASON, AMQPValue::LongString(short_reason(reason).into()))
}

pub(super) fn attempts(attempts: u32) -> Header {
    (attribute::ATTEMPTS, AMQPValue::LongLongInt(attempts.into()))
}

/// The message's own properties and `more` headers.
pub(super) fn of(message: &Message, more: &[Header]) -> BasicProperties {
    let metadata = &message.metadata;
    let mut headers = FieldTable::default();
    // Short strings end at 255 bytes; what is longer stays a header.
    let short = |value: &Option<String>| value.clone().filter(|value| value.len() <= 255);
    let reply_to = short(&metadata.reply_to).filter(|queue| queue != DIRECT_REPLY_TO);
    let correlation_id = short(&metadata.correlation_id);
    for (name, value) in metadata.all_attributes() {
        let is_property = match name {
            attribute::REPLY_TO => reply_to.is_some(),
            attribute::CORRELATION_ID => correlation_id.is_some(),
            _ => false,
        };
        if is_property {
            continue;
        }
        headers.insert(name.into(), AMQPValue::LongString(value.into()));
    }
    for (name, value) in more {
        headers.insert((*name).into(), value.clone());
    }
    let mut properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
        .with_headers(headers);
    if let Some(queue) = reply_to {
        properties = properties.with_reply_to(queue.into());
    }
    if let Some(id) = correlation_id {
        properties = properties.with_correlation_id(id.into());
    }
    if let Some(id) = short(&metadata.id) {
        properties = properties.with_message_id(id.into());
    }
    if let Some(event_type) = short(&metadata.event_type) {
        properties = properties.with_type(event_type.into());
    }
    properties
}
