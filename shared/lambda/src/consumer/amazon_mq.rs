//! Batches as Lambda's mapping for RabbitMQ on Amazon MQ delivers them.
//!
//! The mapping knows no partial success: an invocation that fails puts the whole batch back, for
//! ever. So every message is settled by a publish of our own, to a retry queue or to the
//! dead-letter queue, and the invocation fails only if that could not be done.
//!
//! Each message is read by itself and as leniently as can be: properties arrive as `null`, and one
//! message that cannot be read must not keep back the others.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::future::join_all;
use marquee_messaging::message::{Message, Metadata, attribute};
use serde_json::Value;

use super::{Consumer, Delivery, Settled};
use crate::{Error, metrics::BatchMetrics};

const MESSAGES: &str = "rmqMessagesByQueue";

pub(super) fn is_event(event: &Value) -> bool {
    event.get(MESSAGES).is_some()
}

/// # Errors
/// If any message could not be settled: then the mapping has to deliver the batch again.
pub async fn consume(consumer: &Consumer, event: Value) -> Result<(), Error> {
    let metrics = BatchMetrics::default();
    let queues = event.get(MESSAGES).and_then(Value::as_object);
    let messages = queues.into_iter().flatten().flat_map(|(_, list)| list.as_array()).flatten();
    let settled = join_all(messages.map(|message| settle(consumer, message, &metrics))).await;
    metrics.emit(consumer.queue);
    let failed = settled.iter().filter(|settled| settled.is_err()).count();
    match failed {
        0 => Ok(()),
        _ => Err(format!("{failed} of {} messages could not be settled", settled.len()).into()),
    }
}

async fn settle(
    consumer: &Consumer,
    message: &Value,
    metrics: &BatchMetrics,
) -> Result<Settled, String> {
    match delivery(message) {
        Some(delivery) => consumer.settle(delivery, metrics).await,
        // Nothing of it can be made out: it is kept as the mapping gave it.
        None => {
            let body = message.to_string().into_bytes();
            let unreadable = Message { metadata: Metadata::default(), body };
            let reason = "no readable data";
            tracing::error!(queue = consumer.queue, reason, "message is a dead letter");
            let parked = consumer.dead_letters.park(consumer.queue, &unreadable, reason).await;
            let settled = parked.map(|()| Settled::Parked).map_err(|error| error.to_string());
            metrics.record(settled.as_ref().ok().copied(), Duration::ZERO);
            settled
        }
    }
}

fn delivery(message: &Value) -> Option<Delivery> {
    let body = BASE64_STANDARD.decode(message.get("data")?.as_str()?).ok()?;
    let properties = message.get("basicProperties").unwrap_or(&Value::Null);
    let headers = properties.get("headers").unwrap_or(&Value::Null);
    let mut metadata = Metadata::from_attributes(|name| text(headers.get(name)?));
    if metadata.id.is_none() {
        metadata.id = properties.get("messageId").and_then(text);
    }
    let tried = headers.get(attribute::ATTEMPTS).and_then(Value::as_u64).unwrap_or(0);
    let attempt = u32::try_from(tried).unwrap_or(u32::MAX).saturating_add(1);
    Some(Delivery { message: Message { metadata, body }, attempt, receipt: String::new() })
}

/// A text header comes as `{"bytes": […]}`, a text property as it is.
fn text(value: &Value) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let byte = |byte: &Value| byte.as_i64().and_then(|byte| u8::try_from(byte & 0xff).ok());
    let bytes = value.get("bytes")?.as_array()?.iter().map(byte).collect::<Option<Vec<_>>>()?;
    String::from_utf8(bytes).ok()
}
