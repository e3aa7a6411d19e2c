//! What stands around the functions of every context: a database whose connection goes wrong, the
//! relay, a broker, and requests as API Gateway sends them.

use std::sync::Arc;

use axum::Router;
use marquee_dynamo::client::Table;
use marquee_host::database::LocalDatabase;
use marquee_lambda::{
    consumer::Incoming,
    http,
    stream::{StreamEvent, relay},
};
use marquee_messaging::{
    backends::memory::MemoryBroker,
    message::{Message, Metadata},
    topology::Topology,
    trace::TraceContext,
};
use marquee_testkit::{
    capacity::CapacityMeter,
    faulty::{Fault, FaultyHttp},
};
use relay_outbox::RelayOutbox;
use serde_json::{Value, json};
use uuid::Uuid;

/// A table over a connection that goes wrong as `plan` says, and what its requests consume.
pub(crate) fn faulty_table(
    database: &LocalDatabase,
    name: &str,
    plan: impl Fn(&str, u64) -> Fault + Send + Sync + 'static,
) -> (Table, CapacityMeter) {
    let meter = CapacityMeter::default();
    let config = database.client_config().interceptor(meter.clone());
    (Table::new(config.http_client(FaultyHttp::new(plan)), name.to_owned()), meter)
}

/// A broker that has been given all that a table's stream holds.
pub(crate) async fn relayed(database: &LocalDatabase, table: &str) -> MemoryBroker {
    relayed_to(database, table, marquee_contexts::topology()).await
}

/// The same, with other queues than ours.
pub(crate) async fn relayed_to(
    database: &LocalDatabase,
    table: &str,
    topology: Topology,
) -> MemoryBroker {
    let broker = MemoryBroker::new(topology.clone(), 100_000);
    let relaying = RelayOutbox {
        publisher: Arc::new(broker.clone()),
        dead_letters: Arc::new(broker.clone()),
        topology,
    };
    let mut records: Vec<Value> = Vec::new();
    loop {
        let last = records.last().map(|record| record["dynamodb"]["SequenceNumber"].clone());
        let after = last.as_ref().and_then(Value::as_str);
        let more = database.stream_records(table, after, 1_000).expect("records");
        if more.is_empty() {
            break;
        }
        records.extend(more);
    }
    let event: StreamEvent =
        serde_json::from_value(json!({ "Records": records })).expect("an event");
    let response = relay(&relaying, event).await;
    assert!(response.batch_item_failures.is_empty());
    broker
}

/// Takes all there is from a queue.
pub(crate) async fn drain(broker: &MemoryBroker, queue: &'static str) -> Vec<Message> {
    let mut messages = Vec::new();
    while broker.depth(queue).ready > 0 {
        for delivery in broker.receive(queue, 1_000).await {
            messages.push(delivery.message().clone());
            delivery.done();
        }
    }
    messages
}

/// An event published by hand: no metadata.
pub(crate) fn by_hand(body: &Value) -> Message {
    Message { metadata: Metadata::default(), body: body.to_string().into_bytes() }
}

/// A message as its consumer gets it.
pub(crate) fn incoming(message: &Message, last: bool) -> Incoming {
    Incoming {
        message: message.clone(),
        attempt: 1,
        last,
        trace: TraceContext::begin(),
        span: tracing::Span::none(),
    }
}

/// Messages as a consumer gets them that may get them again.
pub(crate) fn batch(messages: &[Message]) -> Vec<Incoming> {
    messages.iter().map(|message| incoming(message, false)).collect()
}

/// One request, as API Gateway would send it.
pub(crate) async fn invoke(
    router: &Router,
    method: &str,
    path: &str,
    user: Option<Uuid>,
    body: &Value,
) -> (u16, Value) {
    let headers = match user {
        Some(user) => json!({ "x-user-id": user }),
        None => json!({}),
    };
    invoke_with(router, method, path, &headers, body).await
}

/// The same, with any headers.
pub(crate) async fn invoke_with(
    router: &Router,
    method: &str,
    path: &str,
    headers: &Value,
    body: &Value,
) -> (u16, Value) {
    let (raw_path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut headers = headers.clone();
    headers["host"] = json!("test");
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": raw_path, "rawQueryString": query,
        "headers": headers, "isBase64Encoded": false,
        "body": if body.is_null() { Value::Null } else { json!(body.to_string()) },
        "requestContext": {
            "http": { "method": method, "path": raw_path, "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1", "userAgent": "test" },
            "stage": "$default", "timeEpoch": 0,
        },
    });
    let answer = http::invoke(router.clone(), event).await.expect("an answer");
    let status = answer["statusCode"].as_u64().and_then(|s| u16::try_from(s).ok()).expect("status");
    let body = answer["body"].as_str().unwrap_or_default();
    (status, serde_json::from_str(body).unwrap_or_default())
}
