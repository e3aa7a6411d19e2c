//! An event on its way out of a storage item.
//!
//! A handler writes the event into the same item, by the same request, as the change that caused
//! it; the table's stream carries it to `relay-outbox`, which publishes it. The `id` is fixed at
//! write time, so however often it is published, it is the same event.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    message::{Message, Metadata},
    publisher::Outgoing,
    topology::Topology,
    trace::{self, TraceContext},
};

/// The item attribute that holds the event caused by the item's last change.
pub const ATTRIBUTE: &str = "outbox";

#[derive(Clone, Debug, PartialEq)]
pub struct OutboxEvent {
    pub id: Uuid,
    pub routing_key: String,
    pub body: Value,
    /// Of the request that caused it.
    pub trace: Option<TraceContext>,
}

impl OutboxEvent {
    /// An event that can happen to `subject` only once: its id follows from the two.
    pub fn once(subject: Uuid, routing_key: &str, body: &impl Serialize) -> Self {
        Self {
            id: Uuid::new_v5(&subject, routing_key.as_bytes()),
            routing_key: routing_key.to_owned(),
            body: serde_json::to_value(body).unwrap_or(Value::Null),
            trace: trace::current(),
        }
    }

    /// The message to publish; `None` if no exchange carries events of this kind.
    pub fn to_outgoing(&self, topology: &Topology, source: &str) -> Option<Outgoing> {
        Some(Outgoing {
            exchange: topology.exchange_of(&self.routing_key)?.to_owned(),
            routing_key: self.routing_key.clone(),
            message: Message {
                metadata: Metadata {
                    id: Some(self.id.to_string()),
                    event_type: Some(self.routing_key.clone()),
                    source: Some(source.to_owned()),
                    traceparent: self.trace.map(|trace| trace.to_string()),
                    ..Metadata::default()
                },
                body: self.body.to_string().into_bytes(),
            },
        })
    }
}
