//! What the host says of itself, under paths that no deployed stack has: readiness, metrics, the queues
//! and their consumers; and a look into the in-process broker, which has no console of its own as
//! RabbitMQ has.

use std::collections::BTreeMap;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    routing::{get, post, put},
};
use marquee_lambda::{
    extract::Payload,
    problem::{BUSY, MALFORMED_REQUEST, Problem},
};
use marquee_messaging::{
    backends::memory::MemoryBroker,
    message::{Message, Metadata},
    publisher::{Outgoing, Publisher},
    topology::RELAY_OUTBOX,
};
use serde_json::{Value, json};

use crate::{
    broker::HostBroker,
    metrics::{CONTENT_TYPE, Metrics},
    sources::mapping::Mappings,
};

pub fn router(broker: &HostBroker, mappings: Mappings, metrics: &'static Metrics) -> Router {
    let scraped = broker.clone();
    let scrape = async move || {
        let text =
            metrics.text(&scraped).await.map_err(|error| Problem::new(&BUSY, error.to_string()))?;
        Ok::<_, Problem>(([(header::CONTENT_TYPE, CONTENT_TYPE)], text))
    };
    let router = Router::new()
        .route("/health", get(health))
        .route("/_host/metrics", get(scrape))
        .route("/_host/queues", get(queues))
        .route("/_host/queues/{queue}/mapping", put(set_mapping))
        .with_state((broker.clone(), mappings));
    match broker {
        HostBroker::Memory(memory) => router.merge(memory_router(memory.clone())),
        HostBroker::RabbitMq(_) => router,
    }
}

fn memory_router(broker: MemoryBroker) -> Router {
    Router::new()
        .route("/_host/queues/{queue}/dead-letters", get(dead_letters))
        .route("/_host/queues/{queue}/redrive", post(redrive))
        .route("/_host/queues/{queue}/replies", get(replies))
        .route("/_host/exchanges/{exchange}/{routing_key}", post(publish))
        .with_state(broker)
}

async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

async fn queues(
    State((broker, mappings)): State<(HostBroker, Mappings)>,
) -> Result<Json<Value>, Problem> {
    let mut queues = Vec::new();
    for queue in marquee_contexts::topology().queues() {
        let messages = broker.depth(queue.name).await;
        let messages = messages.map_err(|error| Problem::new(&BUSY, error.to_string()))?;
        queues.push(json!({
            "name": queue.name,
            "consumer": queue.consumer,
            "enabled": mappings.is_enabled(queue.name),
            "messages": messages,
        }));
    }
    Ok(Json(queues.into()))
}

/// `{"enabled": false}` keeps a queue's messages from its consumer until they are enabled again.
async fn set_mapping(
    State((_, mappings)): State<(HostBroker, Mappings)>,
    Path(queue): Path<String>,
    Payload { value, .. }: Payload<Value>,
) -> Result<Json<Value>, Problem> {
    let enabled = value["enabled"].as_bool();
    let enabled = enabled.ok_or_else(|| Problem::invalid_field("enabled", "must be a boolean"))?;
    let set = mappings.set_enabled(&queue, enabled).await;
    set.ok_or_else(|| Problem::not_found("queue"))?;
    Ok(Json(json!({ "enabled": enabled })))
}

async fn dead_letters(
    State(broker): State<MemoryBroker>,
    Path(queue): Path<String>,
) -> Result<Json<Value>, Problem> {
    if queue != RELAY_OUTBOX {
        known(&queue)?;
    }
    let letters = broker.dead_letters(&queue);
    let letters = letters.iter().map(|letter| {
        json!({
            "body": letter.message.text(),
            "attributes": letter.message.metadata.all_attributes().collect::<BTreeMap<_, _>>(),
            "reason": letter.reason,
        })
    });
    Ok(Json(letters.collect()))
}

/// Takes the answers that wait in a reply queue.
async fn replies(State(broker): State<MemoryBroker>, Path(queue): Path<String>) -> Json<Value> {
    let replies = broker.take_replies(&queue);
    let replies = replies.iter().map(|reply| {
        json!({
            "body": reply.text(),
            "attributes": reply.metadata.all_attributes().collect::<BTreeMap<_, _>>(),
        })
    });
    Json(replies.collect())
}

async fn redrive(
    State(broker): State<MemoryBroker>,
    Path(queue): Path<String>,
) -> Result<Json<Value>, Problem> {
    known(&queue)?;
    Ok(Json(json!({ "moved": broker.redrive(&queue) })))
}

/// Publishes the body by hand, as any client of a real broker could: with no metadata, or with those
/// that the query names: `?reply_to=…&correlation_id=…`.
async fn publish(
    State(broker): State<MemoryBroker>,
    Path((exchange, routing_key)): Path<(String, String)>,
    Query(attributes): Query<BTreeMap<String, String>>,
    body: String,
) -> Result<StatusCode, Problem> {
    let metadata = Metadata::from_attributes(attributes);
    let message = Message { metadata, body: body.into_bytes() };
    let outgoing = Outgoing { exchange, routing_key, message };
    for result in broker.publish(&[outgoing]).await {
        result.map_err(|error| Problem::new(&MALFORMED_REQUEST, error.to_string()))?;
    }
    Ok(StatusCode::ACCEPTED)
}

fn known(queue: &str) -> Result<(), Problem> {
    marquee_contexts::topology().queue(queue).map(drop).ok_or_else(|| Problem::not_found("queue"))
}
