//! Lambda's stream mapping: a reader for each shard, which goes on from the first record that failed.
//!
//! Only the records of one item keep their order: which shard a record is in follows from its item's key.

use std::{
    cell::Cell,
    hash::{DefaultHasher, Hash, Hasher},
    rc::Rc,
    time::Duration,
};

use marquee_lambda::stream::{StreamEvent, relay};
use serde_json::{Value, json};

use crate::{
    aws::{
        dynamodb::{Change, Service},
        lambda::Lambda,
    },
    faults::Faults,
    journal::acting,
    mix::Fault,
};

pub const SHARDS: u64 = 2;
const BATCH_LEN_MAX: usize = 100;
const POLL: Duration = Duration::from_millis(200);
const RETRY_PAUSE: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub struct Shard {
    pub number: u64,
    pub service: Service,
    pub lambda: Rc<Lambda>,
    pub faults: Faults,
    /// How many of all changes this reader has dealt with.
    pub done: Rc<Cell<usize>>,
}

impl Shard {
    /// Reads for ever.
    pub async fn run(self) {
        acting("relay-outbox".into(), self.read_on()).await;
    }

    async fn read_on(&self) {
        loop {
            let late = self.faults.strike(Fault::StreamLate);
            let late = if late { self.faults.chance.seconds(0.0, 60.0) } else { Duration::ZERO };
            tokio::time::sleep(POLL + late).await;
            self.step().await;
        }
    }

    /// Whether nothing is left to read.
    pub fn is_done(&self) -> bool {
        self.done.get() == self.service.changes_len()
    }

    async fn step(&self) {
        let from = self.done.get();
        let changes = self.service.changes(from);
        // Positions in the log of those that the filter lets through, and the records.
        let mine = changes.iter().enumerate().filter(|(_, change)| self.is_mine(change));
        let len = 1 + self.faults.chance.below(BATCH_LEN_MAX);
        let batch: Vec<_> = mine.take(len).collect();
        let end = match batch.last() {
            Some((last, _)) if batch.len() == len => from + last + 1,
            _ => from + changes.len(),
        };
        let kept = batch.into_iter().filter(|_| !self.faults.strike(Fault::RecordLost));
        let kept: Vec<(usize, Value)> =
            kept.map(|(at, change)| (from + at, change.record.clone())).collect();
        if kept.is_empty() {
            self.done.set(end);
            return;
        }
        match self.relay(kept).await {
            None => self.done.set(end),
            Some(failed) => {
                self.done.set(failed);
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }

    /// Where to go on, if not behind the batch.
    async fn relay(&self, batch: Vec<(usize, Value)>) -> Option<usize> {
        let first = batch[0].0;
        let records: Vec<_> = batch.iter().map(|(_, record)| record.clone()).collect();
        let event: StreamEvent =
            serde_json::from_value(json!({ "Records": records })).expect("a stream's event");
        let response = self.lambda.invoke("relay-outbox", TIMEOUT, |environment| async move {
            relay(&environment.relay, event).await
        });
        let Some(response) = response.await else { return Some(first) };
        let failed = &response.batch_item_failures.first()?.item_identifier;
        let at = batch.iter().find(|(_, record)| sequence_number(record) == Some(failed));
        Some(at.map_or(first, |(at, _)| *at))
    }

    /// As the mapping's filter has it: records of this shard that have an event.
    fn is_mine(&self, change: &Change) -> bool {
        let record = &change.record["dynamodb"];
        let mut hasher = DefaultHasher::new();
        (&change.table, record["Keys"].to_string()).hash(&mut hasher);
        hasher.finish() % SHARDS == self.number
            && record["NewImage"]["outbox"]["M"]["key"]["S"].is_string()
    }
}

fn sequence_number(record: &Value) -> Option<&str> {
    record["dynamodb"]["SequenceNumber"].as_str()
}
