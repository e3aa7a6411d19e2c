//! How an event is kept in an item: as a map, with UUIDs as 16 bytes.
//!
//! A confirmed reservation of six seats and its event fit in 1 KB this way, and in 2 KB as JSON
//! text, which would cost two write units more. What writes items and what reads the stream of their
//! changes share this form, each in its own types.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Map, Number, Value};
use uuid::Uuid;

use crate::{outbox::OutboxEvent, trace::TraceContext};

/// A value of an item, as DynamoDB's JSON has it: `{"S": "text"}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub enum Stored {
    #[serde(rename = "NULL")]
    Null(bool),
    #[serde(rename = "BOOL")]
    Bool(bool),
    N(String),
    S(String),
    #[serde(deserialize_with = "from_base64")]
    B(Vec<u8>),
    L(Vec<Stored>),
    M(BTreeMap<String, Stored>),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event has no readable {0}")]
pub struct NotAnEvent(String);

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    BASE64_STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
}

impl OutboxEvent {
    pub fn to_stored(&self) -> Stored {
        let uuid = |id: Uuid| Stored::B(id.into_bytes().to_vec());
        let mut event = BTreeMap::from([
            ("id".to_owned(), uuid(self.id)),
            ("key".to_owned(), Stored::S(self.routing_key.clone())),
            ("body".to_owned(), compact(&self.body)),
        ]);
        if let Some(trace) = self.trace {
            event.insert("trace".to_owned(), Stored::B(trace.to_bytes().to_vec()));
        }
        Stored::M(event)
    }

    pub fn from_stored(stored: &Stored) -> Result<Self, NotAnEvent> {
        let Stored::M(event) = stored else { return Err(NotAnEvent("map".to_owned())) };
        let unreadable = |name: &str| NotAnEvent(name.to_owned());
        let json = |name: &str| event.get(name).and_then(expand).ok_or_else(|| unreadable(name));
        let text = |name: &str| match json(name)? {
            Value::String(text) => Ok(text),
            _ => Err(unreadable(name)),
        };
        let trace = match event.get("trace") {
            Some(Stored::B(bytes)) => TraceContext::from_bytes(bytes),
            _ => None,
        };
        Ok(Self {
            id: text("id")?.parse().map_err(|_| unreadable("id"))?,
            routing_key: text("key")?,
            body: json("body")?,
            trace,
        })
    }
}

/// Only text that is exactly how a UUID is printed becomes bytes, so that reading it back gives
/// the same text.
fn compact(value: &Value) -> Stored {
    match value {
        Value::Null => Stored::Null(true),
        Value::Bool(flag) => Stored::Bool(*flag),
        Value::Number(number) => Stored::N(number.to_string()),
        Value::String(text) => match Uuid::parse_str(text) {
            Ok(id) if id.to_string() == *text => Stored::B(id.into_bytes().to_vec()),
            _ => Stored::S(text.clone()),
        },
        Value::Array(values) => Stored::L(values.iter().map(compact).collect()),
        Value::Object(fields) => {
            Stored::M(fields.iter().map(|(name, value)| (name.clone(), compact(value))).collect())
        }
    }
}

/// The way back.
fn expand(stored: &Stored) -> Option<Value> {
    Some(match stored {
        Stored::Null(_) => Value::Null,
        Stored::Bool(flag) => Value::Bool(*flag),
        Stored::N(digits) => Value::Number(digits.parse::<Number>().ok()?),
        Stored::S(text) => Value::String(text.clone()),
        Stored::B(bytes) => Value::String(Uuid::from_slice(bytes).ok()?.to_string()),
        Stored::L(values) => Value::Array(values.iter().map(expand).collect::<Option<_>>()?),
        Stored::M(fields) => {
            let field = |(name, value): (&String, _)| Some((name.clone(), expand(value)?));
            Value::Object(fields.iter().map(field).collect::<Option<Map<_, _>>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_reads_back_as_it_was_written() {
        let event = OutboxEvent {
            id: Uuid::max(),
            routing_key: "reservation.confirmed".into(),
            body: json!({
                "id": Uuid::max(), "not_quite": "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
                "list": [1, 2.5, null, true, { "deep": "er" }],
            }),
            trace: Some(TraceContext::begin()),
        };
        assert_eq!(OutboxEvent::from_stored(&event.to_stored()), Ok(event));
    }

    #[test]
    fn it_is_read_as_dynamodb_writes_json() {
        let stored = json!({"M": {
            "text": {"S": "a"}, "number": {"N": "1.5"}, "flag": {"BOOL": true},
            "none": {"NULL": true}, "id": {"B": "AAAAAAAAAAAAAAAAAAAAAQ=="}, "list": {"L": []},
        }});
        let stored: Stored = serde_json::from_value(stored).expect("a value");
        let id = "00000000-0000-0000-0000-000000000001";
        let json = json!({
            "text": "a", "number": 1.5, "flag": true, "none": null, "id": id, "list": [],
        });
        assert_eq!(expand(&stored), Some(json));
    }
}
