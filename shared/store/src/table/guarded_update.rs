//! One item changed on a condition: the shape of every single write here.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{
        ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
    },
};

use crate::{dynamo::Table, error::StoreError, item::Item};

#[derive(Clone, Debug)]
pub(crate) struct GuardedUpdate {
    pub(crate) key: Item,
    pub(crate) update: String,
    pub(crate) condition: String,
    pub(crate) names: Option<HashMap<String, String>>,
    pub(crate) values: Item,
}

impl GuardedUpdate {
    /// As part of a transaction. The table's name is filled in where that is sent.
    pub(crate) fn into_transact_item(self) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name("")
            .set_key(Some(self.key))
            .update_expression(self.update)
            .condition_expression(self.condition)
            .set_expression_attribute_names(self.names)
            .set_expression_attribute_values(Some(self.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| StoreError::Broken(error.to_string()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

impl Table {
    /// Applies the update; the item as it was, if its condition failed.
    pub(crate) async fn update(
        &self,
        guarded: GuardedUpdate,
    ) -> Result<Result<(), Item>, StoreError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(guarded.key))
            .update_expression(guarded.update)
            .condition_expression(guarded.condition)
            .set_expression_attribute_names(guarded.names)
            .set_expression_attribute_values(Some(guarded.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let error = match sent {
            Ok(_) => return Ok(Ok(())),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Err(failed.item().cloned().unwrap_or_default()))
            }
            _ => Err(StoreError::from_sdk(error)),
        }
    }
}
