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
    /// On RabbitMQ these two are properties of the message.
    pub const REPLY_TO: &str = "reply_to";
    pub const CORRELATION_ID: &str = "correlation_id";
    /// Beside a dead letter: why it is one.
    pub const REASON: &str = "dead-letter-reason";
    /// Beside a dead letter whose body its queue would not take as it was: `base64`.
    pub const BODY_ENCODING: &str = "dead-letter-body-encoding";
    /// Beside a message that waits for its next try on RabbitMQ: how many it has had. SQS counts
    /// by itself.
    pub const ATTEMPTS: &str = "delivery-attempts";
    /// Beside a message on its way through SNS: what a queue's filter policy looks at.
    pub const ROUTING_KEY: &str = "routing_key";
}

/// What [`attribute::BODY_ENCODING`] says of a body that is encoded.
pub const BASE64: &str = "base64";

/// The longest body that is taken anywhere: SNS stops at 256 KB with the attributes, which get the
/// last one. (SQS takes a megabyte, so what is too long to publish can still be dead-lettered.) The others
/// stop here too, so that what runs on a laptop runs on AWS.
pub const BODY_BYTES_MAX: usize = 255 * 1024;

/// The characters that SNS and SQS document for what they carry. One other fails a whole request, with
/// all that is in it.
pub fn is_sendable(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => true,
    }
}

/// Longer identifiers are dropped.
const KNOWN_BYTES_MAX: usize = 1024;

/// What is kept of [`Metadata::other`]: RabbitMQ takes headers of up to a frame, 128 KB, and a copy
/// of a message gets a few more.
const OTHER_BYTES_MAX: usize = 16 * 1024;

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
    /// The queue in which whoever asks waits for the answer.
    pub reply_to: Option<String>,
    /// What ties an answer to its question.
    pub correlation_id: Option<String>,
    /// Whatever else the sender wrote beside the body, as text: kept while the message waits, and
    /// beside a dead letter.
    pub other: BTreeMap<String, String>,
}

/// Attributes that are no sender's but of one journey of the message: ours, and what RabbitMQ writes
/// when it moves a message.
fn is_of_one_journey(name: &str) -> bool {
    let ours =
        [attribute::REASON, attribute::BODY_ENCODING, attribute::ATTEMPTS, attribute::ROUTING_KEY];
    ours.contains(&name)
        || ["x-death", "x-first-death-", "x-last-death-", "x-delivery-count"]
            .iter()
            .any(|broker| name.starts_with(broker))
}

impl Metadata {
    /// All but [`other`](Self::other).
    pub fn to_attributes(&self) -> BTreeMap<&'static str, &str> {
        [
            (attribute::ID, &self.id),
            (attribute::TYPE, &self.event_type),
            (attribute::SOURCE, &self.source),
            (attribute::TRACEPARENT, &self.traceparent),
            (attribute::REPLY_TO, &self.reply_to),
            (attribute::CORRELATION_ID, &self.correlation_id),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
        .collect()
    }

    /// All of them.
    pub fn all_attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        let other = self.other.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        self.to_attributes().into_iter().chain(other)
    }

    pub fn from_attributes(attributes: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut metadata = Self::default();
        let mut other_bytes = 0;
        for (name, value) in attributes {
            let known = match name.as_str() {
                attribute::ID => &mut metadata.id,
                attribute::TYPE => &mut metadata.event_type,
                attribute::SOURCE => &mut metadata.source,
                attribute::TRACEPARENT => &mut metadata.traceparent,
                attribute::REPLY_TO => &mut metadata.reply_to,
                attribute::CORRELATION_ID => &mut metadata.correlation_id,
                name if is_of_one_journey(name) => continue,
                _ => {
                    other_bytes += name.len() + value.len();
                    if other_bytes <= OTHER_BYTES_MAX {
                        metadata.other.insert(name, value);
                    }
                    continue;
                }
            };
            *known = Some(value).filter(|value| value.len() <= KNOWN_BYTES_MAX);
        }
        metadata
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

    /// The body as text, if every broker would take it: see [`is_sendable`].
    pub fn sendable_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.body).ok().filter(|text| text.chars().all(is_sendable))
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
            reply_to: Some("answers".into()),
            other: BTreeMap::from([("x".into(), "their own".into())]),
            ..Metadata::default()
        };
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut attributes: Vec<_> = full.all_attributes().map(owned).collect();
        assert_eq!(Metadata::from_attributes(attributes.clone()), full);
        // What one journey added is not carried into the next.
        attributes.push((attribute::REASON.into(), "why".into()));
        attributes.push(("x-first-death-queue".into(), "q".into()));
        assert_eq!(Metadata::from_attributes(attributes), full);
        assert_eq!(Metadata::from_attributes([]), Metadata::default());
    }
}
