//! Writing an item that must not be there yet.

use aws_sdk_dynamodb::{
    operation::put_item::PutItemError,
    types::{Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};

use crate::{
    client::Table,
    error::StoreError,
    item::{Item, PARTITION},
};

fn is_new() -> String {
    format!("attribute_not_exists({PARTITION})")
}

impl Table {
    /// Writes an item unless one is there, which is then the answer.
    pub async fn put_new(&self, item: Item) -> Result<Option<Item>, StoreError> {
        let sent = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression(is_new())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let error = match sent {
            Ok(_) => return Ok(None),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Some(failed.item().cloned().unwrap_or_default()))
            }
            _ => Err(StoreError::from_sdk(error)),
        }
    }
}

/// The same as part of a transaction. The table's name is filled in where that is sent.
pub fn put_new(item: Item) -> Result<TransactWriteItem, StoreError> {
    let put = Put::builder()
        .table_name("")
        .set_item(Some(item))
        .condition_expression(is_new())
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .map_err(StoreError::invalid)?;
    Ok(TransactWriteItem::builder().put(put).build())
}
