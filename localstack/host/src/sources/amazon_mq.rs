//! Lambda's mapping for RabbitMQ on Amazon MQ: hands batches to the function, one at a time.
//!
//! As there: bodies are base64, properties that were not set are null, text headers are lists of
//! bytes; a batch is acknowledged whole if the function succeeds and put back whole, for ever, if
//! it does not.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::StreamExt;
use marquee_lambda::{
    Error,
    consumer::{Consumer, consume},
};
use marquee_messaging::backends::rabbitmq::{
    RabbitMq,
    lapin::{
        self,
        message::Delivery,
        options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions},
        types::{AMQPValue, FieldTable},
    },
};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep, timeout_at};

use super::Stop;

/// As Lambda's default for Amazon MQ.
const BATCH_LEN_MAX: u16 = 100;
/// How long a batch waits for more, as long as more keeps coming. Lambda's default is half a second,
/// which would be the larger part of every message's journey on a laptop.
const BATCHING_WINDOW: Duration = Duration::from_millis(10);
/// Nothing for so long, and nothing more is on its way.
const GAP_MAX: Duration = Duration::from_millis(1);
/// Before a failed batch comes again, or a lost connection is opened again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

pub async fn poll(rabbitmq: RabbitMq, consumer: Consumer, mut stop: Stop) {
    loop {
        match consume_while_connected(&rabbitmq, &consumer, &mut stop).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, queue = consumer.queue, "will connect again"),
        }
        tokio::select! {
            () = sleep(RETRY_PAUSE) => {}
            () = stop.requested() => return,
        }
    }
}

/// Returns when it is to stop; a batch in hand is finished first.
async fn consume_while_connected(
    rabbitmq: &RabbitMq,
    consumer: &Consumer,
    stop: &mut Stop,
) -> Result<(), Error> {
    let connection = rabbitmq.connect().await?;
    let channel = connection.create_channel().await?;
    channel.basic_qos(BATCH_LEN_MAX, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    let queue = consumer.queue;
    let mut deliveries =
        channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
    loop {
        let batch = tokio::select! {
            batch = next_batch(&mut deliveries) => batch?,
            () = stop.requested() => break,
        };
        let Some(last) = batch.last() else { return Err("the broker ended the consumer".into()) };
        match consume(consumer, event(queue, rabbitmq.virtual_host(), &batch)).await {
            Ok(_) => last.ack(BasicAckOptions { multiple: true }).await?,
            Err(error) => {
                tracing::warn!(%error, queue, "the batch will come again");
                last.nack(BasicNackOptions { multiple: true, requeue: true }).await?;
                sleep(RETRY_PAUSE).await;
                true
            }
        };
    }
    connection.close(200, "stopping".into()).await?;
    Ok(())
}

/// Waits for a message and takes those that come with it; none if there will be no more.
async fn next_batch(deliveries: &mut lapin::Consumer) -> Result<Vec<Delivery>, lapin::Error> {
    let Some(first) = deliveries.next().await else { return Ok(Vec::new()) };
    let mut batch = vec![first?];
    let deadline = Instant::now() + BATCHING_WINDOW;
    while batch.len() < usize::from(BATCH_LEN_MAX) {
        let patience = deadline.min(Instant::now() + GAP_MAX);
        match timeout_at(patience, deliveries.next()).await {
            Ok(Some(delivery)) => batch.push(delivery?),
            Ok(None) | Err(_) => break,
        }
    }
    Ok(batch)
}

fn event(queue: &str, virtual_host: &str, batch: &[Delivery]) -> Value {
    json!({
        "eventSource": "aws:rmq",
        "eventSourceArn": "arn:aws:mq:local:000000000000:broker:marquee:local",
        "rmqMessagesByQueue": {
            format!("{queue}::{virtual_host}"): batch.iter().map(message).collect::<Vec<_>>(),
        },
    })
}

fn message(delivery: &Delivery) -> Value {
    let properties = &delivery.properties;
    json!({
        "basicProperties": {
            "contentType": properties.content_type(),
            "contentEncoding": properties.content_encoding(),
            "headers": properties.headers().as_ref().map(headers),
            "deliveryMode": properties.delivery_mode(),
            "priority": properties.priority(),
            "correlationId": properties.correlation_id(),
            "replyTo": properties.reply_to(),
            "expiration": properties.expiration(),
            "messageId": properties.message_id(),
            "timestamp": null,
            "type": properties.kind(),
            "userId": properties.user_id(),
            "appId": properties.app_id(),
            "clusterId": properties.cluster_id(),
            "bodySize": delivery.data.len(),
        },
        "redelivered": delivery.redelivered,
        "data": BASE64_STANDARD.encode(&delivery.data),
    })
}

fn headers(headers: &FieldTable) -> Value {
    let header = |(name, value): (&_, &_)| (ToString::to_string(name), header(value));
    Value::Object(headers.inner().iter().map(header).collect::<Map<_, _>>())
}

fn header(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::LongString(text) => json!({ "bytes": text.as_bytes() }),
        AMQPValue::Boolean(flag) => json!(flag),
        AMQPValue::LongInt(number) => json!(number),
        AMQPValue::LongLongInt(number) => json!(number),
        AMQPValue::FieldArray(values) => values.as_slice().iter().map(header).collect(),
        AMQPValue::FieldTable(table) => headers(table),
        _ => Value::Null,
    }
}
