//! Replicas: reads that may lag behind are answered by copies to which changes come late.
//!
//! "DynamoDB read consistency": an eventually consistent read might not reflect the results of a recently
//! completed write, and indexes are always read so. A read may ask one copy and the next one another, so that
//! time seems to go back; and a transaction's items may come one by one.

use std::{collections::BTreeMap, time::Duration};

use dynoxide::Database;
use marquee_host::dynamodb::DynamoDb;
use serde_json::{Value, json};

use super::log::Change;
use crate::chance::Chance;

/// AWS says "usually within one second or less": of most changes, and of a replica that has trouble.
const LAG_SECONDS_MAX: f64 = 2.0;
const TROUBLE_SECONDS_MAX: f64 = 20.0;
const TROUBLE_RATE: f64 = 0.1;

pub struct Replica {
    dynamodb: DynamoDb,
    /// Changes that are on their way, by when they arrive.
    pending: BTreeMap<(Duration, usize), Change>,
    /// When the last change of each item arrives: the next one is not earlier.
    arrives: BTreeMap<(String, String), Duration>,
    count: usize,
}

impl std::fmt::Debug for Replica {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replica").field("pending", &self.pending.len()).finish_non_exhaustive()
    }
}

impl Default for Replica {
    fn default() -> Self {
        Self::new()
    }
}

impl Replica {
    pub fn new() -> Self {
        let database = Database::memory().expect("a database in memory");
        let dynamodb = DynamoDb::new(database, [], Duration::ZERO);
        Self { dynamodb, pending: BTreeMap::new(), arrives: BTreeMap::new(), count: 0 }
    }

    pub fn create(&self, mut table: Value) {
        if let Some(table) = table.as_object_mut() {
            table.remove("StreamSpecification");
        }
        self.dynamodb.answer("CreateTable", &table.to_string());
    }

    /// A change sets out; with no chance it is there at once.
    pub fn send(&mut self, now: Duration, change: Change, chance: Option<&Chance>) {
        let lag = chance.map_or(Duration::ZERO, |chance| {
            let trouble = chance.happens(TROUBLE_RATE);
            chance.seconds(0.0, if trouble { TROUBLE_SECONDS_MAX } else { LAG_SECONDS_MAX })
        });
        let item = (change.table.clone(), change.record["dynamodb"]["Keys"].to_string());
        let arrives = self.arrives.entry(item).or_default();
        *arrives = (now + lag).max(*arrives);
        self.pending.insert((*arrives, self.count), change);
        self.count += 1;
    }

    /// Whether it lags behind; applies what has arrived.
    pub fn lags(&mut self, now: Duration) -> bool {
        let later = self.pending.split_off(&(now, usize::MAX));
        let arrived = std::mem::replace(&mut self.pending, later);
        // Of an item that has changed several times, the last one counts.
        let mut items = BTreeMap::new();
        for change in arrived.into_values() {
            let keys = change.record["dynamodb"]["Keys"].to_string();
            items.insert((change.table.clone(), keys), change);
        }
        for Change { table, record } in items.into_values() {
            let record = &record["dynamodb"];
            let (operation, name, value) = match &record["NewImage"] {
                Value::Null => ("DeleteItem", "Key", &record["Keys"]),
                new => ("PutItem", "Item", new),
            };
            let request = json!({ "TableName": table, name: value });
            self.dynamodb.answer(operation, &request.to_string());
        }
        !self.pending.is_empty()
    }

    pub fn answer(&self, operation: &str, body: &str) -> (u16, String) {
        self.dynamodb.answer(operation, body)
    }
}
