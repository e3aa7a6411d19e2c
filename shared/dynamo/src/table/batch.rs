//! Reading many items by their keys.

use std::time::Duration;

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};

use crate::{client::Table, error::StoreError, item::Item};

/// A batch read takes 100 keys.
const BATCH_MAX: usize = 100;
const UNPROCESSED_PAUSE: Duration = Duration::from_millis(20);
const UNPROCESSED_PAUSE_MAX: Duration = Duration::from_secs(1);

impl Table {
    /// Those that are there, in no order: one read unit for each 4 KB if consistent, half of that
    /// if not.
    pub async fn batch_get(
        &self,
        wanted: Vec<Item>,
        consistent: bool,
    ) -> Result<Vec<Item>, StoreError> {
        let mut found = Vec::new();
        for batch in wanted.chunks(BATCH_MAX) {
            let mut keys = batch.to_vec();
            let mut pause = UNPROCESSED_PAUSE;
            while !keys.is_empty() {
                let request = KeysAndAttributes::builder()
                    .set_keys(Some(keys))
                    .consistent_read(consistent)
                    .build()
                    .map_err(StoreError::invalid)?;
                let answer = self
                    .reader(consistent)
                    .batch_get_item()
                    .request_items(&self.name, request)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
                    .await
                    .map_err(StoreError::from_sdk)?;
                found.extend(answer.responses.unwrap_or_default().into_values().flatten());
                let rest = answer.unprocessed_keys.unwrap_or_default().into_values().next();
                keys = rest.map_or_else(Vec::new, |rest| rest.keys);
                if keys.is_empty() {
                    break;
                }
                // Throttled in part, which the SDK takes for a success.
                if pause > UNPROCESSED_PAUSE_MAX {
                    return Err(StoreError::transient("keys left unread"));
                }
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
        Ok(found)
    }
}
