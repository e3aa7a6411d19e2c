//! A message: the body exactly as the outside world sees it, and metadata beside it.
//!
//! Metadata are CloudEvents attributes in binary mode: they travel as headers or message
//! attributes, never in the body. All of them may be missing, because any client may publish by
//! hand; a consumer then takes identity from the body's own key.

use std::{borrow::Cow, collections::BTreeMap};

/// Names of the attributes that metadata travel under.
pub mod attribute {
    pub const ID: &str = "ce-id";
    pub const TYPE: &str = "ce-type";
    pub const SOURCE: &str = "ce-source";
    pub const TRACEPARENT: &str = "traceparent";
    /// Beside a dead letter: why it is one.
    pub const REASON: &str = "dead-letter-reason";
    /// Beside a message that waits for its next try on RabbitMQ: how many it has had. SQS counts
    /// by itself.
    pub const ATTEMPTS: &str = "delivery-attempts";
    /// Beside a message on its way through SNS: what a queue's filter policy looks at.
    pub const ROUTING_KEY: &str = "routing_key";
}

/// The longest body that is taken anywhere: SNS stops at 256 KB with the attributes, which get the
/// last one. (SQS takes a megabyte, so what is too long to publish can still be parked.) The others
/// stop here too, so that what runs on a laptop runs on AWS.
pub const BODY_BYTES_MAX: usize = 255 * 1024;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Fixed when the event was written; the same however often it is published.
    pub id: Option<String>,
    /// The routing key it was first published with, `reservation.confirmed`.
    pub event_type: Option<String>,
    /// The function that published it.
    pub source: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

impl Metadata {
    pub fn to_attributes(&self) -> BTreeMap<&'static str, &str> {
        [
            (attribute::ID, &self.id),
            (attribute::TYPE, &self.event_type),
            (attribute::SOURCE, &self.source),
            (attribute::TRACEPARENT, &self.traceparent),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
        .collect()
    }

    /// Takes the attributes it knows; `get` looks one up by name.
    pub fn from_attributes(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            id: get(attribute::ID),
            event_type: get(attribute::TYPE),
            source: get(attribute::SOURCE),
            traceparent: get(attribute::TRACEPARENT),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    pub metadata: Metadata,
    /// JSON, if whoever published it kept to the rules; a dead letter keeps what it was.
    pub body: Vec<u8>,
}

impl Message {
    /// The body for people to read.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_survive_their_attributes_and_may_all_be_missing() {
        let full = Metadata {
            id: Some("1".into()),
            event_type: Some("reservation.confirmed".into()),
            source: Some("relay-outbox".into()),
            traceparent: None,
        };
        let attributes = full.to_attributes();
        let read = Metadata::from_attributes(|name| attributes.get(name).map(|v| (*v).to_owned()));
        assert_eq!(read, full);
        assert_eq!(Metadata::from_attributes(|_| None), Metadata::default());
    }
}
