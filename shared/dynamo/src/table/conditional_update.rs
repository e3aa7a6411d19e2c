//! One item changed on a condition: the shape of every single write here.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{
        ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
        TransactWriteItem, Update,
    },
};

use crate::{client::Table, error::StoreError, item::Item};

#[derive(Clone, Debug)]
pub struct ConditionalUpdate {
    pub key: Item,
    pub update: String,
    /// Empty, it always holds.
    pub condition: String,
    pub names: Option<HashMap<String, String>>,
    pub values: Item,
}

/// DynamoDB refuses a map of values with none in it.
fn unless_none(values: Item) -> Option<Item> {
    (!values.is_empty()).then_some(values)
}

fn unless_empty(condition: String) -> Option<String> {
    (!condition.is_empty()).then_some(condition)
}

impl ConditionalUpdate {
    /// As part of a transaction. The table's name is filled in where that is sent.
    pub fn into_transact_item(self) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name("")
            .set_key(Some(self.key))
            .update_expression(self.update)
            .set_condition_expression(unless_empty(self.condition))
            .set_expression_attribute_names(self.names)
            .set_expression_attribute_values(unless_none(self.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(StoreError::invalid)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

impl Table {
    /// Applies the update; the item as it was, if its condition failed.
    pub async fn update(&self, update: ConditionalUpdate) -> Result<Result<(), Item>, StoreError> {
        self.send(update, ReturnValue::None).await.map(|answer| answer.map(drop))
    }

    /// As [`Table::update`]; the item as it is then.
    pub async fn update_and_read(
        &self,
        update: ConditionalUpdate,
    ) -> Result<Result<Item, Item>, StoreError> {
        self.send(update, ReturnValue::AllNew).await
    }

    async fn send(
        &self,
        update: ConditionalUpdate,
        read: ReturnValue,
    ) -> Result<Result<Item, Item>, StoreError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(update.key))
            .update_expression(update.update)
            .set_condition_expression(unless_empty(update.condition))
            .set_expression_attribute_names(update.names)
            .set_expression_attribute_values(unless_none(update.values))
            .return_values(read)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let error = match sent {
            Ok(written) => return Ok(Ok(written.attributes.unwrap_or_default())),
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
