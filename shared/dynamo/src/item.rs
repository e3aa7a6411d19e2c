//! Reading and writing attributes.
//!
//! UUIDs are stored as 16 bytes, instants as milliseconds since the epoch, money as a decimal
//! number: each half the size of its text, on which every request is billed.

use std::{collections::HashMap, str::FromStr};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use marquee_kernel::time::Timestamp;
use uuid::Uuid;

use crate::error::StoreError;

pub type Item = HashMap<String, AttributeValue>;

/// What every table calls its keys.
pub const PARTITION: &str = "pk";
pub const SORT: &str = "sk";

pub fn key(partition: String, sort: String) -> Item {
    item([(PARTITION, Some(text(partition))), (SORT, Some(text(sort)))])
}

pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub fn bytes(value: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

pub fn uuid(value: Uuid) -> AttributeValue {
    bytes(value.into_bytes())
}

pub fn instant(value: Timestamp) -> AttributeValue {
    number(value.millis())
}

pub fn list(values: impl IntoIterator<Item = AttributeValue>) -> AttributeValue {
    AttributeValue::L(values.into_iter().collect())
}

pub fn map<const N: usize>(entries: [(&str, Option<AttributeValue>); N]) -> AttributeValue {
    AttributeValue::M(item(entries))
}

/// An item of the entries that have a value.
pub fn item<const N: usize>(entries: [(&str, Option<AttributeValue>); N]) -> Item {
    entries.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// What expressions call attributes: `#name`, since DynamoDB reserves many a plain word.
pub fn names<const N: usize>(names: [&str; N]) -> HashMap<String, String> {
    names.into_iter().map(|name| (format!("#{name}"), name.to_owned())).collect()
}

/// Reads what [`item`] wrote. A missing or mistyped attribute is an error that names it.
pub trait ReadItem {
    fn optional_text(&self, name: &str) -> Option<&str>;
    fn optional_number<T: FromStr>(&self, name: &str) -> Option<T>;
    fn optional_bytes(&self, name: &str) -> Option<&[u8]>;
    fn optional_map(&self, name: &str) -> Option<&Item>;
    fn list(&self, name: &str) -> &[AttributeValue];

    fn optional_uuid(&self, name: &str) -> Option<Uuid> {
        Uuid::from_slice(self.optional_bytes(name)?).ok()
    }

    fn text(&self, name: &str) -> Result<&str, StoreError> {
        self.optional_text(name).ok_or_else(|| StoreError::unreadable(name))
    }

    fn number<T: FromStr>(&self, name: &str) -> Result<T, StoreError> {
        self.optional_number(name).ok_or_else(|| StoreError::unreadable(name))
    }

    /// Text that is read by `FromStr`, as a status is.
    fn parsed<T: FromStr>(&self, name: &str) -> Result<T, StoreError> {
        self.text(name)?.parse().map_err(|_| StoreError::unreadable(name))
    }

    fn uuid(&self, name: &str) -> Result<Uuid, StoreError> {
        self.optional_uuid(name).ok_or_else(|| StoreError::unreadable(name))
    }

    fn instant(&self, name: &str) -> Result<Timestamp, StoreError> {
        self.number(name).map(Timestamp::from_millis)
    }
}

impl ReadItem for Item {
    fn optional_text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_s().ok().map(String::as_str)
    }

    fn optional_number<T: FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.as_n().ok()?.parse().ok()
    }

    fn optional_bytes(&self, name: &str) -> Option<&[u8]> {
        self.get(name)?.as_b().ok().map(Blob::as_ref)
    }

    fn optional_map(&self, name: &str) -> Option<&Item> {
        self.get(name)?.as_m().ok()
    }

    fn list(&self, name: &str) -> &[AttributeValue] {
        self.get(name).and_then(|value| value.as_l().ok()).map_or(&[], Vec::as_slice)
    }
}
