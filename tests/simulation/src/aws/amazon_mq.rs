//! A batch as Lambda's mapping for RabbitMQ on Amazon MQ hands it over: bodies are base64, properties that were not
//! set are null, text headers are lists of bytes.

use base64::{Engine, prelude::BASE64_STANDARD};
use marquee_messaging::{
    backends::memory::Delivery,
    message::{Message, attribute},
};
use serde_json::{Map, Value, json};

pub fn event(queue: &str, batch: &[Delivery]) -> Value {
    let messages: Vec<_> = batch.iter().map(|delivery| message(delivery.message())).collect();
    json!({
        "eventSource": "aws:rmq",
        "eventSourceArn": "arn:aws:mq:simulated:000000000000:broker:marquee:simulated",
        "rmqMessagesByQueue": { format!("{queue}::/"): messages },
    })
}

fn message(message: &Message) -> Value {
    let metadata = &message.metadata;
    json!({
        "basicProperties": {
            "contentType": "application/json",
            "headers": headers(message),
            "deliveryMode": 2,
            "priority": null,
            "correlationId": metadata.correlation_id,
            "replyTo": metadata.reply_to,
            "expiration": null,
            "messageId": metadata.id,
            "timestamp": null,
            "type": metadata.event_type,
            "bodySize": message.body.len(),
        },
        "redelivered": false,
        "data": BASE64_STANDARD.encode(&message.body),
    })
}

fn headers(message: &Message) -> Map<String, Value> {
    let properties = [attribute::REPLY_TO, attribute::CORRELATION_ID];
    let attributes = message.metadata.all_attributes();
    let headers = attributes.filter(|(name, _)| !properties.contains(name)).map(|(name, value)| {
        let value = match (name, value.parse::<u32>()) {
            (attribute::ATTEMPTS, Ok(attempts)) => json!(attempts),
            _ => json!({ "bytes": value.as_bytes() }),
        };
        (name.to_owned(), value)
    });
    headers.collect()
}
