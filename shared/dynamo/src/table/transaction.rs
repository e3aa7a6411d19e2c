//! Sending a transaction.

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, ReturnConsumedCapacity, TransactWriteItem},
};

use crate::{client::Table, error::StoreError};

/// Why a transaction was refused: one reason for each of its items, in their order.
pub type Reasons = Vec<CancellationReason>;

pub fn condition_failed(reason: Option<&CancellationReason>) -> bool {
    reason.is_some_and(|reason| reason.code() == Some("ConditionalCheckFailed"))
}

impl Table {
    /// Writes all items or none. The SDK sends the same request token with each of its attempts,
    /// so one whose answer was lost is not applied twice.
    pub async fn transact(
        &self,
        mut items: Vec<TransactWriteItem>,
    ) -> Result<Result<(), Reasons>, StoreError> {
        for item in &mut items {
            let table = &self.name;
            if let Some(update) = &mut item.update {
                update.table_name.clone_from(table);
            }
            if let Some(delete) = &mut item.delete {
                delete.table_name.clone_from(table);
            }
            if let Some(put) = &mut item.put {
                put.table_name.clone_from(table);
            }
        }
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let error = match sent {
            Ok(_) => return Ok(Ok(())),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled))
                if cancelled.cancellation_reasons().iter().any(|r| condition_failed(Some(r))) =>
            {
                Ok(Err(cancelled.cancellation_reasons().to_vec()))
            }
            _ => Err(StoreError::from_sdk(error)),
        }
    }
}
