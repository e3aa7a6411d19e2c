//! What an SDK error means to the rest of the system.
//!
//! A failed condition is never an error here: it is an answer, and each operation's return type
//! says which answers it has. What is left are the two ways in which storage itself fails.

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
};

#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Not now: throttled, in conflict with others, or not reachable, all retries included.
    /// Nothing is known to be wrong with the request.
    #[error("storage is busy or not reachable: {0}")]
    Unavailable(String),
    /// Storage refused the request or holds something that this version cannot read: a defect.
    #[error("storage: {0}")]
    Broken(String),
}

impl StoreError {
    pub(crate) fn unreadable(what: &str) -> Self {
        Self::Broken(format!("cannot read {what}"))
    }

    /// Sorts an SDK error into the two.
    pub(crate) fn from_sdk<E, R>(error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let code = error.code().unwrap_or_default().to_owned();
        let text = match error.message() {
            Some(message) => format!("{code}: {message}"),
            None => error.to_string(),
        };
        let passing = match &error {
            SdkError::TimeoutError(_)
            | SdkError::DispatchFailure(_)
            | SdkError::ResponseError(_) => true,
            SdkError::ServiceError(service) => {
                PASSING_CODES.contains(&code.as_str()) || is_contention(service.err())
            }
            _ => false,
        };
        match passing {
            true => Self::Unavailable(text),
            false => Self::Broken(text),
        }
    }
}

const PASSING_CODES: [&str; 8] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "InternalServerError",
    "ServiceUnavailable",
    "TransactionConflictException",
    "TransactionInProgressException",
    "LimitExceededException",
];

fn is_contention(error: &(dyn std::error::Error + 'static)) -> bool {
    match error.downcast_ref::<TransactWriteItemsError>() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            crate::dynamo::only_contention(cancelled.cancellation_reasons())
        }
        _ => false,
    }
}
