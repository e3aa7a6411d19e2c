//! Deleting an item, as part of a transaction.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};

use crate::{
    error::StoreError,
    item::{Item, PARTITION, text},
};

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
