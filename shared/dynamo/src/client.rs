//! The client: which errors are retried, how often, and for how long.

use std::time::Duration;

use aws_config::BehaviorVersion;
pub use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::{
    config::{
        interceptors::InterceptorContext,
        retry::{ClassifyRetry, RetryAction, RetryConfig},
        timeout::TimeoutConfig,
    },
    error::ProvideErrorMetadata,
    operation::{
        put_item::PutItemError, transact_write_items::TransactWriteItemsError,
        update_item::UpdateItemError,
    },
};
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::{
    interceptors::context::Error, retries::classifiers::RetryClassifierPriority,
};
use futures_util::future::join_all;

/// With full jitter up to [`BACKOFF_MAX`] this rides out a few seconds of conflict or throttling,
/// and still answers before API Gateway gives up at 30 s.
const ATTEMPTS_MAX: u32 = 12;
const BACKOFF_FIRST: Duration = Duration::from_millis(20);
const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// A request that takes longer has lost its connection; the next attempt opens another.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(20);

/// For those who look and do not buy ([`Table::for_looking`]): fewer tries, a budget that all of them
/// share, and an end while somebody still waits for the answer.
const LOOK_ATTEMPTS_MAX: u32 = 4;
const LOOK_TIMEOUT: Duration = Duration::from_secs(4);
/// A retry takes five of these, one after a time-out ten; a success gives one back. So a process that
/// is throttled throughout makes twenty retries, and then none.
const LOOK_RETRY_BUDGET: usize = 100;

/// A context's table.
#[derive(Clone, Debug)]
pub struct Table {
    pub client: Client,
    /// For reads that may lag behind, where they are to give way.
    looking: Option<Client>,
    pub name: String,
}

impl Table {
    /// A table by a client of this configuration.
    pub fn new(config: aws_sdk_dynamodb::config::Builder, name: String) -> Self {
        Self { client: Client::from_conf(config.build()), looking: None, name }
    }

    /// With the endpoint, region and credentials of the environment; connected, if that can be.
    pub async fn from_env(name: String) -> Self {
        Self::of_env(name).await.connected().await
    }

    /// As [`Table::from_env`], for [looking](Table::for_looking).
    pub async fn from_env_for_looking(name: String) -> Self {
        Self::of_env(name).await.for_looking().connected().await
    }

    /// Reads that may lag behind give way to everything else when the table is throttled: for a
    /// function that shows things to crowds. A job or a consumer has nobody to come back later.
    #[must_use]
    pub fn for_looking(self) -> Self {
        let looking = looking(self.client.config().to_builder());
        Self { looking: Some(Client::from_conf(looking.build())), ..self }
    }

    /// The client for a read that is, or is not, to be consistent.
    pub(crate) fn reader(&self, consistent: bool) -> &Client {
        match &self.looking {
            Some(looking) if !consistent => looking,
            _ => &self.client,
        }
    }

    async fn of_env(name: String) -> Self {
        let shared = aws_config::load_defaults(BehaviorVersion::latest()).await;
        Self::new(tuned(aws_sdk_dynamodb::config::Builder::from(&shared)), name)
    }

    /// One cheap request by each client before the first real one: the connection's handshake is the
    /// slow part of a cold start. Its outcome does not matter.
    async fn connected(self) -> Self {
        let clients = std::iter::once(&self.client).chain(&self.looking);
        join_all(clients.map(async |client| {
            let key = crate::item::key("warm-up".into(), "warm-up".into());
            let request = client.get_item().table_name(&self.name).set_key(Some(key));
            if let Err(error) = request.send().await {
                let error = crate::error::StoreError::from_sdk(error);
                tracing::debug!(%error, "warm-up failed");
            }
        }))
        .await;
        self
    }
}

/// Our retries and time-outs on any configuration.
pub fn tuned(config: aws_sdk_dynamodb::config::Builder) -> aws_sdk_dynamodb::config::Builder {
    let retry = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(BACKOFF_FIRST)
        .with_max_backoff(BACKOFF_MAX);
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    // Attempts are bounded above; a shared budget on top would fail one client's requests for
    // another's conflicts.
    let unshared = RetryPartition::custom("marquee").token_bucket(TokenBucket::unlimited()).build();
    config
        .retry_config(retry)
        .timeout_config(timeouts)
        .retry_partition(unshared)
        .retry_classifier(TransactionConflicts)
}

fn looking(config: aws_sdk_dynamodb::config::Builder) -> aws_sdk_dynamodb::config::Builder {
    let retry = RetryConfig::standard()
        .with_max_attempts(LOOK_ATTEMPTS_MAX)
        .with_initial_backoff(BACKOFF_FIRST)
        .with_max_backoff(BACKOFF_MAX);
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(LOOK_TIMEOUT)
        .build();
    let budget = TokenBucket::builder()
        .capacity(LOOK_RETRY_BUDGET)
        .retry_cost(5)
        .throttling_retry_cost(5)
        .timeout_retry_cost(10)
        .success_reward(1.0);
    let shared = RetryPartition::custom("marquee-looking").token_bucket(budget.build()).build();
    config.retry_config(retry).timeout_config(timeouts).retry_partition(shared)
}

/// Retries a transaction that was cancelled for others' sake alone: a conflict or throttling says
/// nothing about its conditions. One failed condition makes the answer final.
#[derive(Debug)]
struct TransactionConflicts;

impl ClassifyRetry for TransactionConflicts {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context
            .output_or_error()
            .and_then(Result::err)
            .and_then(|error| error.as_operation_error());
        match error.is_some_and(is_contention) {
            true => RetryAction::throttling_error(),
            false => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "transaction conflicts"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(
            RetryClassifierPriority::modeled_as_retryable_classifier(),
        )
    }
}

fn is_contention(error: &Error) -> bool {
    // A transaction of others is in the way of a single write, too.
    let single = |code: Option<&str>| code == Some("TransactionConflictException");
    if let Some(error) = error.downcast_ref::<UpdateItemError>() {
        return single(error.code());
    }
    if let Some(error) = error.downcast_ref::<PutItemError>() {
        return single(error.code());
    }
    match error.downcast_ref::<TransactWriteItemsError>() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            crate::error::only_contention(cancelled.cancellation_reasons())
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => true,
        _ => false,
    }
}
