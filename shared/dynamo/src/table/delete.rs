//! Deleting an item, by itself or as part of a transaction.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Delete, ReturnConsumedCapacity, TransactWriteItem};

use crate::{
    client::Table,
    error::StoreError,
    item::{Item, PARTITION, text},
};

impl Table {
    /// Deletes an item that may be gone already; with `below`, only if that attribute is less.
    pub async fn delete(
        &self,
        key: Item,
        below: Option<(&str, AttributeValue)>,
    ) -> Result<(), StoreError> {
        let request = self.client.delete_item().table_name(&self.name).set_key(Some(key));
        let request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let request = match below {
            None => request,
            Some((name, value)) => request
                .condition_expression("#name < :value")
                .expression_attribute_names("#name", name)
                .expression_attribute_values(":value", value),
        };
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(failed) if failed.is_conditional_check_failed_exception() => Ok(()),
                _ => Err(StoreError::from_sdk(error)),
            },
        }
    }
}

/// Deletes an item if its attribute is that, or if it is gone already. The table's name is filled in
/// where the transaction is sent.
pub fn delete_if(key: Item, name: &str, value: &str) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder()
        .table_name("")
        .set_key(Some(key))
        .condition_expression("attribute_not_exists(#name) OR #name = :value")
        .set_expression_attribute_names(Some(HashMap::from([("#name".into(), name.into())])))
        .expression_attribute_values(":value", text(value))
        .build()
        .map_err(StoreError::invalid)?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

/// Deletes an item that is there; without it, the transaction is refused.
pub fn delete_existing(key: Item) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder()
        .table_name("")
        .set_key(Some(key))
        .condition_expression(format!("attribute_exists({PARTITION})"))
        .build()
        .map_err(StoreError::invalid)?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}
