//! A function on a DynamoDB stream.
//!
//! The answer names the first record that failed, never null: Lambda then goes on from that
//! record and knows that those before it are done.

use async_trait::async_trait;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Error;

#[derive(Clone, Debug, Deserialize)]
pub struct StreamEvent {
    #[serde(rename = "Records", default)]
    pub records: Vec<StreamRecord>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct StreamRecord {
    pub dynamodb: StreamChange,
}

/// Images keep DynamoDB's own JSON: `{"attribute": {"S": "text"}}`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StreamChange {
    pub sequence_number: String,
    pub new_image: Value,
    pub old_image: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamResponse {
    pub batch_item_failures: Vec<FailedRecord>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedRecord {
    pub item_identifier: String,
}

#[async_trait]
pub trait StreamHandler: Send + Sync {
    /// Handles records in order; the sequence number of the first that has to come again.
    async fn handle(&self, records: &[StreamRecord]) -> Option<String>;
}

pub async fn run(handler: impl StreamHandler) -> Result<(), Error> {
    let handler = &handler;
    lambda_runtime::run(service_fn(|event: LambdaEvent<StreamEvent>| async move {
        Ok::<_, Error>(relay(handler, event.payload).await)
    }))
    .await
}

pub async fn relay(handler: &dyn StreamHandler, event: StreamEvent) -> StreamResponse {
    let failed = handler.handle(&event.records).await;
    let failures = failed.map(|item_identifier| FailedRecord { item_identifier });
    StreamResponse { batch_item_failures: failures.into_iter().collect() }
}
