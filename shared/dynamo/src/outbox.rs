//! An event in an item, in the SDK's types: see [`marquee_messaging::stored`].

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use marquee_messaging::{outbox::OutboxEvent, stored::Stored};

use crate::{error::StoreError, item::Item};

pub fn attribute(event: &OutboxEvent) -> AttributeValue {
    to_attribute(event.to_stored())
}

pub fn read(event: &Item) -> Result<OutboxEvent, StoreError> {
    let stored = from_attribute(&AttributeValue::M(event.clone()));
    let stored = stored.ok_or_else(|| StoreError::unreadable("an event"))?;
    OutboxEvent::from_stored(&stored).map_err(|error| StoreError::permanent(error.to_string()))
}

fn to_attribute(stored: Stored) -> AttributeValue {
    match stored {
        Stored::Null(flag) => AttributeValue::Null(flag),
        Stored::Bool(flag) => AttributeValue::Bool(flag),
        Stored::N(digits) => AttributeValue::N(digits),
        Stored::S(text) => AttributeValue::S(text),
        Stored::B(bytes) => AttributeValue::B(Blob::new(bytes)),
        Stored::L(values) => AttributeValue::L(values.into_iter().map(to_attribute).collect()),
        Stored::M(fields) => {
            let field = |(name, value)| (name, to_attribute(value));
            AttributeValue::M(fields.into_iter().map(field).collect())
        }
    }
}

/// `None` for a set, which no event has.
fn from_attribute(value: &AttributeValue) -> Option<Stored> {
    Some(match value {
        AttributeValue::Null(flag) => Stored::Null(*flag),
        AttributeValue::Bool(flag) => Stored::Bool(*flag),
        AttributeValue::N(digits) => Stored::N(digits.clone()),
        AttributeValue::S(text) => Stored::S(text.clone()),
        AttributeValue::B(bytes) => Stored::B(bytes.as_ref().to_vec()),
        AttributeValue::L(values) => {
            Stored::L(values.iter().map(from_attribute).collect::<Option<_>>()?)
        }
        AttributeValue::M(fields) => {
            let field = |(name, value): (&String, _)| Some((name.clone(), from_attribute(value)?));
            Stored::M(fields.iter().map(field).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}
