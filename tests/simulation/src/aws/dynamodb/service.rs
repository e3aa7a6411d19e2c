//! The service: answers a request in two steps, when it arrives and when it takes effect, so that requests
//! can overlap.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use dynoxide::{
    Database,
    actions::{get_records::GetRecordsRequest, get_shard_iterator::GetShardIteratorRequest},
};
use marquee_host::dynamodb::DynamoDb;
use serde_json::Value;

use crate::{chance::Chance, mix::Mix};

/// DynamoDB knows a transaction by its token for ten minutes.
const TOKENS_KEPT: Duration = Duration::from_secs(600);
const RECORDS_LEN: usize = 1_000;

/// What it says: the HTTP status, and the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// A change of one item, as the table's stream tells it.
#[derive(Clone, Debug)]
pub struct Change {
    pub table: String,
    /// As Lambda's event has it.
    pub record: Value,
}

/// A request that has arrived, and has had no effect yet.
#[derive(Debug)]
pub struct Underway {
    operation: String,
    body: String,
}

#[derive(Clone)]
pub struct Service {
    database: Database,
    dynamodb: DynamoDb,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    changes: Vec<Change>,
    /// How far each table's stream has been read.
    iterators: std::collections::BTreeMap<String, String>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Service {
    /// An empty account.
    pub fn new(_mix: &Mix, _chance: Chance) -> Self {
        let database = Database::memory().expect("a database in memory");
        let dynamodb = DynamoDb::new(database.clone(), [], TOKENS_KEPT);
        Self { database, dynamodb, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request arrives, so long after the beginning.
    ///
    /// # Errors
    /// The answer, if it is refused at once.
    pub fn begin(&self, _now: Duration, operation: &str, body: &str) -> Result<Underway, Answer> {
        Ok(Underway { operation: operation.to_owned(), body: body.to_owned() })
    }

    /// It takes effect.
    pub fn finish(&self, _now: Duration, underway: Underway) -> Answer {
        let (status, body) = self.dynamodb.answer(&underway.operation, &underway.body);
        if status == 200 {
            self.read_streams(&underway);
        }
        Answer { status, body }
    }

    /// All changes of all tables after the first so many, in their order.
    pub fn changes(&self, after: usize) -> Vec<Change> {
        self.state().changes[after..].to_vec()
    }

    pub fn changes_len(&self) -> usize {
        self.state().changes.len()
    }

    fn read_streams(&self, underway: &Underway) {
        let request: Value = serde_json::from_str(&underway.body).unwrap_or_default();
        let tables: std::collections::BTreeSet<String> = match underway.operation.as_str() {
            "PutItem" | "UpdateItem" | "DeleteItem" => [&request["TableName"]]
                .into_iter()
                .filter_map(|name| Some(name.as_str()?.to_owned()))
                .collect(),
            "TransactWriteItems" => request["TransactItems"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|item| {
                    let (_, action) = item.as_object()?.iter().next()?;
                    Some(action["TableName"].as_str()?.to_owned())
                })
                .collect(),
            _ => return,
        };
        for table in tables {
            self.read_stream(&table);
        }
    }

    fn read_stream(&self, table: &str) {
        let known = self.state().iterators.get(table).cloned();
        let iterator = known.or_else(|| {
            let arn = dynoxide::streams::table_arn(table);
            let request = GetShardIteratorRequest {
                stream_arn: format!("{arn}/stream/latest"),
                shard_id: dynoxide::streams::shard_id(table),
                shard_iterator_type: "TRIM_HORIZON".into(),
                sequence_number: None,
            };
            self.database.get_shard_iterator(request).ok()?.shard_iterator
        });
        let Some(shard_iterator) = iterator else { return };
        let request = GetRecordsRequest { shard_iterator, limit: Some(RECORDS_LEN) };
        let Ok(records) = self.database.get_records(request) else { return };
        let mut state = self.state();
        for record in &records.records {
            let record = serde_json::to_value(record).unwrap_or_default();
            state.changes.push(Change { table: table.to_owned(), record });
        }
        if let Some(next) = records.next_shard_iterator {
            state.iterators.insert(table.to_owned(), next);
        }
    }
}
