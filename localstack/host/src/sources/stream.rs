//! Lambda's stream mapping: reads the table's stream in order and hands batches to the relay,
//! going on from the first record that failed.
//!
//! The in-process broker forgets its messages when the process ends. So, with a data file, the
//! place in the stream is put on record only at a moment when the broker is empty: whatever was
//! published but not yet dealt with, dead letters included, is read and published again at the
//! next start. Consumers are safe under that by design.

use std::{sync::Arc, time::Duration};

use marquee_lambda::{
    Error,
    stream::{StreamEvent, relay},
};
use relay_outbox::RelayOutbox;
use serde_json::{Value, json};

use super::Stop;
use crate::{broker::HostBroker, database::LocalDatabase};

/// As Lambda's default for streams.
const BATCH_LEN_MAX: usize = 100;
/// Before a failed batch is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub struct Poller {
    pub database: Arc<LocalDatabase>,
    pub table: &'static str,
    pub broker: HostBroker,
    pub relay: RelayOutbox,
    pub period: Duration,
}

impl Poller {
    pub async fn run(self, mut stop: Stop) {
        let mut done = self.database.stream_place(self.table);
        let mut on_record = done.clone();
        loop {
            let pause = match self.step(&mut done).await {
                Ok(true) => Duration::ZERO,
                Ok(false) => self.period,
                Err(error) => {
                    tracing::warn!(%error, "the stream will be read again");
                    RETRY_PAUSE
                }
            };
            if done != on_record && self.broker.is_safe_to_leave() {
                match self.database.record_stream_place(self.table, done.as_deref()) {
                    Ok(()) => on_record.clone_from(&done),
                    Err(error) => tracing::warn!(%error, "the stream's place was not recorded"),
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.requested() => return,
            }
        }
    }

    /// Relays one batch and moves `done` to the last record that needs no more work. Whether to
    /// go on at once.
    async fn step(&self, done: &mut Option<String>) -> Result<bool, Error> {
        let after = done.clone();
        let (database, table) = (Arc::clone(&self.database), self.table);
        let read = move || database.stream_records(table, after.as_deref(), BATCH_LEN_MAX);
        let records = tokio::task::spawn_blocking(read).await??;
        let last = records.last().and_then(sequence_number);
        let Some(last) = last else { return Ok(false) };
        let event: StreamEvent = serde_json::from_value(json!({ "Records": records }))?;
        let response = relay(&self.relay, event).await;
        let Some(failed) = response.batch_item_failures.first() else {
            *done = Some(last);
            return Ok(records.len() == BATCH_LEN_MAX);
        };
        let handled = records.iter().map_while(|record| {
            sequence_number(record).filter(|number| *number != failed.item_identifier)
        });
        if let Some(before_failed) = handled.last() {
            *done = Some(before_failed);
        }
        Err("a record could not be published".into())
    }
}

fn sequence_number(record: &Value) -> Option<String> {
    record["dynamodb"]["SequenceNumber"].as_str().map(str::to_owned)
}
