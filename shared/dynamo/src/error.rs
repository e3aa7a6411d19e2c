//! What an SDK error means to the rest of the system.
//!
//! A failed condition is never an error here: it is an answer, and each operation's return type
//! says which answers it has. What is left are the two ways in which storage itself fails.

use std::{error::Error, sync::Arc};

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::CancellationReason,
};

/// The SDK's own error.
type Source = Arc<dyn Error + Send + Sync>;

#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Not now: throttled, in conflict with others, or not reachable, all retries included.
    /// Nothing is known to be wrong with the request.
    #[error("storage is busy or not reachable: {what}")]
    Transient { what: String, source: Option<Source> },
    /// Storage refused the request or holds something that this version cannot read: a defect.
    #[error("storage: {what}")]
    Permanent { what: String, source: Option<Source> },
}

impl StoreError {
    pub fn transient(what: impl Into<String>) -> Self {
        Self::Transient { what: what.into(), source: None }
    }

    pub fn permanent(what: impl Into<String>) -> Self {
        Self::Permanent { what: what.into(), source: None }
    }

    pub fn unreadable(what: &str) -> Self {
        Self::permanent(format!("cannot read {what}"))
    }

    /// A request that cannot even be built: a defect.
    pub(crate) fn invalid(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Permanent { what: error.to_string(), source: Some(Arc::new(error)) }
    }

    /// Sorts an SDK error into the two.
    pub fn from_sdk<E, R>(error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
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
        let (what, source) = (text, Some(Arc::new(error) as Source));
        match passing {
            true => Self::Transient { what, source },
            false => Self::Permanent { what, source },
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

fn is_contention(error: &(dyn Error + 'static)) -> bool {
    match error.downcast_ref::<TransactWriteItemsError>() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            only_contention(cancelled.cancellation_reasons())
        }
        _ => false,
    }
}

/// Whether a cancelled transaction met nothing but contention.
pub(crate) fn only_contention(reasons: &[CancellationReason]) -> bool {
    let codes = || reasons.iter().filter_map(CancellationReason::code);
    codes().all(|code| {
        matches!(
            code,
            "None" | "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"
        )
    }) && codes().any(|code| code != "None")
}
