//! How an event is kept in an item: as a map, with UUIDs as 16 bytes.
//!
//! A confirmed reservation of six seats and its event fit in 1 KB this way, and in 2 KB as JSON
//! text, which would cost two write units more. `relay-outbox` turns the bytes back into text.

use aws_sdk_dynamodb::types::AttributeValue;
use marquee_messaging::outbox::OutboxEvent;
use serde_json::Value;
use uuid::Uuid;

use crate::item::{bytes, list, map, number, text, uuid};

pub(crate) fn attribute(event: &OutboxEvent) -> AttributeValue {
    map([
        ("id", Some(uuid(event.id))),
        ("key", Some(text(&event.routing_key))),
        ("body", Some(compact(&event.body))),
        ("trace", event.trace.map(|trace| bytes(trace.to_bytes().to_vec()))),
    ])
}

/// Only text that is exactly how a UUID is printed becomes bytes, so that reading it back gives
/// the same text.
fn compact(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(flag) => AttributeValue::Bool(*flag),
        Value::Number(n) => number(n),
        Value::String(string) => match Uuid::parse_str(string) {
            Ok(id) if id.to_string() == *string => uuid(id),
            _ => text(string),
        },
        Value::Array(values) => list(values.iter().map(compact)),
        Value::Object(fields) => AttributeValue::M(
            fields.iter().map(|(name, value)| (name.clone(), compact(value))).collect(),
        ),
    }
}
