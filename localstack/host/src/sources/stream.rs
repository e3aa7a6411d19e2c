//! Lambda's stream mapping: reads the table's stream in order and hands batches to the relay,
//! going on from the first record that failed.
//!
//! The in-process broker forgets its messages when the process ends. So, with a data file, the
//! position in the stream is put on record only at a moment when the broker is empty: whatever was
//! published but not yet dealt with, dead letters included, is read and published again at the
//! next start. Consumers are safe under that by design.

use std::{sync::Arc, time::Duration};

use marquee_lambda::{
    Error,
    stream::{StreamEvent, relay},
};
use relay_outbox::RelayOutbox;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::Stop;
use crate::{broker::HostBroker, database::LocalDatabase};

/// As Lambda's default for streams.
const BATCH_LEN_MAX: usize = 100;
/// Before a failed batch is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// How often to look whether the broker is empty, while the position has yet to go on record.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Records that are dropped together, once nobody reads them any more.
const PRUNE_LEN: usize = 1_000;

#[derive(Debug)]
pub struct Poller {
    pub database: Arc<LocalDatabase>,
    pub table: String,
    pub broker: HostBroker,
    pub relay: RelayOutbox,
    /// How long a record waits for others, to be relayed with them.
    pub batching: Duration,
}

/// How far a stream has been dealt with.
#[derive(Default)]
struct Progress {
    done: Option<String>,
    /// What of it is on record, for the next start to go on from.
    on_record: Option<String>,
    /// Records done since some were dropped.
    unpruned: usize,
}

impl Poller {
    /// Sleeps until the table is written to.
    pub async fn run(self, mut stop: Stop) {
        let mut written = self.database.written(&self.table);
        let position = self.database.stream_position(&self.table);
        let mut progress = Progress { on_record: position.clone(), done: position, unpruned: 0 };
        loop {
            if stop.is_requested() {
                return;
            }
            written.mark_unchanged();
            match self.step(&mut progress).await {
                // Its position goes on record as it goes on: it may not come to rest for hours.
                Ok(true) => {
                    self.record(&mut progress).await;
                    continue;
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%error, "the stream will be read again");
                    tokio::select! {
                        () = tokio::time::sleep(RETRY_PAUSE) => continue,
                        () = stop.requested() => return,
                    }
                }
            }
            tokio::select! {
                () = self.until_written(&mut written, &mut progress) => {}
                () = stop.requested() => return,
            }
        }
    }

    /// Returns when there is something to read; meanwhile sees to it that the position goes on record.
    async fn until_written(&self, written: &mut watch::Receiver<()>, progress: &mut Progress) {
        loop {
            self.record(progress).await;
            let unrecorded = self.database.is_kept() && progress.done != progress.on_record;
            let look_again = async {
                match unrecorded {
                    true => tokio::time::sleep(LOOK_EVERY).await,
                    false => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = written.changed() => return tokio::time::sleep(self.batching).await,
                () = look_again => {}
            }
        }
    }

    /// Puts the position on record if that is safe, and drops what is read by nobody then.
    async fn record(&self, progress: &mut Progress) {
        if progress.done != progress.on_record && self.broker.is_safe_to_leave() {
            match self.database.record_stream_position(&self.table, progress.done.as_deref()) {
                Ok(()) => progress.on_record.clone_from(&progress.done),
                Err(error) => tracing::warn!(%error, "the stream's position was not recorded"),
            }
        }
        // With a file the next start reads from the position on record; in memory there is none.
        let kept = self.database.is_kept();
        let position = if kept { &progress.on_record } else { &progress.done };
        if let Some(position) = position.clone()
            && progress.unpruned >= PRUNE_LEN
        {
            progress.unpruned = 0;
            let (database, table) = (Arc::clone(&self.database), self.table.clone());
            let pruned =
                tokio::task::spawn_blocking(move || database.prune_stream(&table, &position)).await;
            if let Ok(Err(error)) = pruned {
                tracing::warn!(%error, "the stream was not pruned");
            }
        }
    }

    /// Relays one batch and moves `done` to the last record that needs no more work. Whether to
    /// go on at once.
    async fn step(&self, progress: &mut Progress) -> Result<bool, Error> {
        let Progress { done, unpruned, .. } = progress;
        let after = done.clone();
        let (database, table) = (Arc::clone(&self.database), self.table.clone());
        let read = move || database.stream_records(&table, after.as_deref(), BATCH_LEN_MAX);
        let records = tokio::task::spawn_blocking(read).await??;
        let last = records.last().and_then(sequence_number);
        let Some(last) = last else { return Ok(false) };
        let event: StreamEvent = serde_json::from_value(json!({ "Records": records }))?;
        let response = relay(&self.relay, event).await;
        let Some(failed) = response.batch_item_failures.first() else {
            *done = Some(last);
            *unpruned += records.len();
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
