//! The hash by which a repeated request is known.
//!
//! No separate record of requests is kept. The hash is written into the very item the request
//! creates, whose key follows from it: the second request finds the first one's item in its way,
//! in the same single write that would have created its own.

use uuid::Uuid;

use crate::item::{Item, ReadItem, uuid as uuid_value};

const NAMESPACE: Uuid = Uuid::from_u128(0x6d61_7271_7565_6500_8000_6964_656d_0001);
const KEY: &str = "idem";
const REQUEST: &str = "req";

/// An `Idempotency-Key` and the request it came with, as fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyHash {
    pub key: Uuid,
    pub request: Uuid,
}

/// What an earlier item says of a request that carries the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    SameRequest,
    OtherRequest,
    OtherKey,
}

impl IdempotencyHash {
    /// `scope` is what the key is unique within: the route and the caller.
    pub fn new(scope: &str, key: &str, body: &[u8]) -> Self {
        let key = Uuid::new_v5(&NAMESPACE, format!("{scope}\n{key}").as_bytes());
        Self { key, request: Uuid::new_v5(&key, body) }
    }

    pub fn write(self, item: &mut Item) {
        item.insert(KEY.to_owned(), uuid_value(self.key));
        item.insert(REQUEST.to_owned(), uuid_value(self.request));
    }

    pub fn compare(self, earlier: &Item) -> Match {
        match (earlier.optional_uuid(KEY), earlier.optional_uuid(REQUEST)) {
            (Some(key), Some(request)) if key == self.key && request == self.request => {
                Match::SameRequest
            }
            (Some(key), _) if key == self.key => Match::OtherRequest,
            _ => Match::OtherKey,
        }
    }
}
