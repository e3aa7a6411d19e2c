//! How far a job that goes through a table has come: for its next run, which may be on another machine.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use crate::{
    client::Table,
    error::StoreError,
    item::{Item, ReadItem, key, text},
};

const PARTITION: &str = "cursors";
const PLACE: &str = "place";

fn cursor_key(job: &str) -> Item {
    key(PARTITION.to_owned(), job.to_owned())
}

impl Table {
    /// `None`: at the beginning. One consistent read.
    pub async fn read_cursor(&self, job: &str) -> Result<Option<String>, StoreError> {
        let found = self.get(cursor_key(job), true).await?;
        Ok(found.and_then(|item| item.optional_text(PLACE).map(str::to_owned)))
    }

    /// One write unit. Of two runs at once the later write stays: the job must bear to look twice.
    pub async fn write_cursor(&self, job: &str, position: Option<&str>) -> Result<(), StoreError> {
        let mut item = cursor_key(job);
        if let Some(position) = position {
            item.insert(PLACE.to_owned(), text(position));
        }
        self.client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map(drop)
            .map_err(StoreError::from_sdk)
    }
}
