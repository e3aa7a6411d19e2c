//! What has changed: each table's stream, put together, and the items as they are.
//!
//! "Change data capture for DynamoDB Streams": each stream record appears exactly once, those of an item in the
//! order of its changes, and there is none for a write that changed nothing. What order the records of
//! different items come in is up to whoever reads: `aws/stream.rs` keeps it for an item alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dynoxide::{
    Database,
    actions::{get_records::GetRecordsRequest, get_shard_iterator::GetShardIteratorRequest},
};
use serde_json::Value;

use super::{
    request::Request,
    schema::{ItemKey, Schemas},
};

const RECORDS_LEN: usize = 1_000;

/// A change of one item, as the table's stream tells it.
#[derive(Clone, Debug)]
pub struct Change {
    pub table: String,
    /// As Lambda's event has it.
    pub record: Value,
}

#[derive(Debug, Default)]
pub struct Log {
    pub changes: Vec<Change>,
    images: BTreeMap<ItemKey, Arc<Value>>,
    /// How far each table's stream has been read.
    iterators: BTreeMap<String, String>,
}

impl Log {
    /// An item as it is now.
    pub fn image(&self, key: &ItemKey) -> Option<Arc<Value>> {
        self.images.get(key).cloned()
    }

    /// Reads the streams of the tables that a request has written to.
    pub fn read(&mut self, database: &Database, request: &Request, schemas: &Schemas) {
        let tables = request.targets.iter().map(|target| target.key.table.as_str());
        for table in tables.collect::<BTreeSet<_>>() {
            self.read_stream(database, table, schemas);
        }
    }

    fn read_stream(&mut self, database: &Database, table: &str, schemas: &Schemas) {
        let known = self.iterators.get(table).cloned();
        let iterator = known.or_else(|| {
            let arn = dynoxide::streams::table_arn(table);
            let request = GetShardIteratorRequest {
                stream_arn: format!("{arn}/stream/latest"),
                shard_id: dynoxide::streams::shard_id(table),
                shard_iterator_type: "TRIM_HORIZON".into(),
                sequence_number: None,
            };
            database.get_shard_iterator(request).ok()?.shard_iterator
        });
        let Some(shard_iterator) = iterator else { return };
        let request = GetRecordsRequest { shard_iterator, limit: Some(RECORDS_LEN) };
        let Ok(records) = database.get_records(request) else { return };
        for record in &records.records {
            let record = serde_json::to_value(record).unwrap_or_default();
            self.add(Change { table: table.to_owned(), record }, schemas);
        }
        if let Some(next) = records.next_shard_iterator {
            self.iterators.insert(table.to_owned(), next);
        }
    }

    fn add(&mut self, change: Change, schemas: &Schemas) {
        let images = &change.record["dynamodb"];
        let schema = schemas.get(&change.table);
        let key = schema.and_then(|schema| schema.key(&change.table, &images["Keys"]));
        if let Some(key) = key {
            match &images["NewImage"] {
                Value::Null => _ = self.images.remove(&key),
                new => _ = self.images.insert(key, Arc::new(new.clone())),
            }
        }
        if images["OldImage"] != images["NewImage"] {
            self.changes.push(change);
        }
    }
}
