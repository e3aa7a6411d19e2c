//! A stream's attribute as plain JSON: the way back from how an event is kept in an item.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Number, Value};
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
#[error("an event has no readable {0}")]
pub(crate) struct NotAnEvent(pub(crate) String);

/// `{"S": "text"}` is `"text"`; 16 bytes are a UUID.
pub(crate) fn to_json(attribute: &Value) -> Result<Value, NotAnEvent> {
    let unreadable = || NotAnEvent(format!("attribute in {attribute}"));
    let (kind, value) = attribute
        .as_object()
        .filter(|typed| typed.len() == 1)
        .and_then(|typed| typed.iter().next())
        .ok_or_else(unreadable)?;
    match (kind.as_str(), value) {
        ("S", Value::String(_)) | ("BOOL", Value::Bool(_)) => Ok(value.clone()),
        ("NULL", _) => Ok(Value::Null),
        ("N", Value::String(digits)) => {
            digits.parse::<Number>().map(Value::Number).map_err(|_| unreadable())
        }
        ("B", _) => bytes(attribute)
            .and_then(|bytes| Uuid::from_slice(&bytes).ok())
            .map(|id| Value::String(id.to_string()))
            .ok_or_else(unreadable),
        ("L", Value::Array(values)) => values.iter().map(to_json).collect(),
        ("M", Value::Object(fields)) => fields
            .iter()
            .map(|(name, value)| Ok((name.clone(), to_json(value)?)))
            .collect::<Result<Map<_, _>, _>>()
            .map(Value::Object),
        _ => Err(unreadable()),
    }
}

/// What a binary attribute holds.
pub(crate) fn bytes(attribute: &Value) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(attribute.get("B")?.as_str()?).ok()
}
