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

use super::{BatchMetrics, Consumer, Decision, Received, Settled};
use crate::Error;

const MESSAGES: &str = "rmqMessagesByQueue";

pub(super) fn is_event(event: &Value) -> bool {
    event.get(MESSAGES).is_some()
}

/// The queue that an event is from, without its virtual host.
pub(super) fn queue_of(event: &Value) -> Option<&str> {
    event[MESSAGES].as_object()?.keys().next()?.split("::").next()
}

/// # Errors
/// If any message could not be settled: then the mapping has to deliver the batch again.
pub async fn consume(consumer: &Consumer, event: Value) -> Result<(), Error> {
    let metrics = BatchMetrics::default();
    let deliveries = messages(&event)?.into_iter().map(received);
    let (readable, unreadable): (Vec<_>, Vec<_>) = deliveries.partition(Result::is_ok);
    let readable = readable.into_iter().flatten();
    let handled = consumer.handle(readable.collect()).await;
    let (retries, others): (Vec<_>, Vec<_>) =
        handled.into_iter().partition(|h| matches!(h.decision, Decision::Retry { .. }));

    // What is to wait is copied, and last: if anything else fails and the batch comes again, there
    // are no copies yet that would come as well.
    let unreadable = unreadable.into_iter().filter_map(Result::err);
    let dead_lettered =
        join_all(unreadable.map(|message| dead_letter(consumer, message, &metrics)));
    let settled = join_all(others.into_iter().map(|handled| consumer.settle(handled, &metrics)));
    let (dead_lettered, settled) = tokio::join!(dead_lettered, settled);
    let mut failed =
        dead_lettered.iter().chain(&settled).filter(|settled| settled.is_err()).count();
    if failed == 0 {
        let retries = retries.into_iter().map(|handled| consumer.settle(handled, &metrics));
        failed = join_all(retries).await.iter().filter(|settled| settled.is_err()).count();
    }
    metrics.measured(consumer.queue).emit();
    match failed {
        0 => Ok(()),
        _ => Err(format!("{failed} messages could not be settled").into()),
    }
}

/// All messages of the event, whichever queue they are from. An event of another shape is not to
/// be taken for an empty one, whose messages would be acknowledged unread.
fn messages(event: &Value) -> Result<Vec<&Value>, Error> {
    let queues = event[MESSAGES].as_object().ok_or("an event without queues")?;
    let mut messages = Vec::new();
    for (queue, list) in queues {
        let list = list.as_array();
        messages.extend(list.ok_or_else(|| format!("queue {queue} has no list of messages"))?);
    }
    Ok(messages)
}

/// Nothing of it can be made out: it is kept as the mapping gave it.
async fn dead_letter(
    consumer: &Consumer,
    message: &Value,
    metrics: &BatchMetrics,
) -> Result<Settled, String> {
    let body = message.to_string().into_bytes();
    let message = Message { metadata: Metadata::default(), body };
    let settled = consumer.dead_letter(&message, "no readable data").await;
    metrics.record(settled.as_ref().ok().copied(), Duration::ZERO);
    settled
}

/// The message itself if its body cannot be read.
fn received(message: &Value) -> Result<Received, &Value> {
    let data = message.get("data").and_then(Value::as_str).ok_or(message)?;
    let body = BASE64_STANDARD.decode(data).map_err(|_| message)?;
    let properties = message.get("basicProperties").unwrap_or(&Value::Null);
    let headers = properties.get("headers").unwrap_or(&Value::Null);
    let texts = headers.as_object().into_iter().flatten();
    let texts = texts.filter_map(|(name, value)| Some((name.clone(), text(value)?)));
    let mut metadata = Metadata::from_attributes(texts);
    let property = |name: &str| properties.get(name).and_then(text);
    metadata.id = metadata.id.or_else(|| property("messageId"));
    metadata.event_type = metadata.event_type.or_else(|| property("type"));
    metadata.reply_to = property("replyTo").or(metadata.reply_to);
    metadata.correlation_id = property("correlationId").or(metadata.correlation_id);
    let tried = headers.get(attribute::ATTEMPTS).and_then(Value::as_u64).unwrap_or(0);
    let attempt = u32::try_from(tried).unwrap_or(u32::MAX).saturating_add(1);
    Ok(Received { message: Message { metadata, body }, attempt, receipt: String::new() })
}

/// A text header comes as `{"bytes": […]}`, a text property as it is; numbers and the like are taken
/// for their text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => return Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => return Some(value.to_string()),
        _ => {}
    }
    let byte = |byte: &Value| byte.as_i64().and_then(|byte| u8::try_from(byte & 0xff).ok());
    let bytes = value.get("bytes")?.as_array()?.iter().map(byte).collect::<Option<Vec<_>>>()?;
    String::from_utf8(bytes).ok()
}
