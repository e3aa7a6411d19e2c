//! `declare-topology`: declares exchanges, queues and bindings on RabbitMQ while a stack is
//! deployed, as a CloudFormation custom resource.
//!
//! Creating and updating declare everything, which is safe however often it is done. Deleting
//! deletes nothing: queues may hold messages. CloudFormation waits an hour for an answer that does
//! not come, so every request is answered, failures with their reason.

use std::time::Duration;

use marquee_lambda::Error;
use marquee_messaging::{
    backends::rabbitmq::{BrokerError, RabbitMq},
    topology::RetryPolicy,
};
use serde::{Deserialize, Serialize};

/// How long a broker is asked again that was created a moment ago and may not answer at once. An
/// error that stays costs as much.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub tries: u32,
    pub pause: Duration,
}

impl Patience {
    /// Ends before the function does, which is after two minutes, though each try may take 25 s.
    pub const STANDARD: Self = Self { tries: 3, pause: Duration::from_secs(5) };
}

/// CloudFormation's address answers within seconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
const PHYSICAL_RESOURCE_ID: &str = "marquee-topology";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum RequestType {
    Create,
    Update,
    Delete,
}

/// What CloudFormation sends, as far as it matters here.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    pub request_type: RequestType,
    #[serde(rename = "ResponseURL")]
    pub response_url: String,
    pub stack_id: String,
    pub request_id: String,
    pub logical_resource_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    status: &'static str,
    reason: String,
    physical_resource_id: &'static str,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
}

/// # Errors
/// If CloudFormation could not be told.
pub async fn handle(
    rabbitmq: &RabbitMq,
    retry: Option<RetryPolicy>,
    patience: Patience,
    request: Request,
) -> Result<(), Error> {
    let declared = match request.request_type {
        RequestType::Delete => Ok(()),
        RequestType::Create | RequestType::Update => declare(rabbitmq, retry, patience).await,
    };
    if let Err(error) = &declared {
        tracing::error!(%error, "the topology could not be declared");
    }
    let (status, reason) = match declared {
        Ok(()) => ("SUCCESS", "declared".to_owned()),
        Err(error) => ("FAILED", error.to_string()),
    };
    let response = Response {
        status,
        reason,
        physical_resource_id: PHYSICAL_RESOURCE_ID,
        stack_id: request.stack_id,
        request_id: request.request_id,
        logical_resource_id: request.logical_resource_id,
    };
    // The URL is signed for a request without a content type.
    let body = serde_json::to_vec(&response)?;
    let client = reqwest::Client::builder().timeout(ANSWER_TIMEOUT).build()?;
    let sent = client.put(&request.response_url).body(body).send().await?;
    sent.error_for_status()?;
    Ok(())
}

async fn declare(
    rabbitmq: &RabbitMq,
    retry: Option<RetryPolicy>,
    patience: Patience,
) -> Result<(), BrokerError> {
    let mut tries = 1;
    loop {
        match rabbitmq.declare_topology(retry).await {
            Err(error) if tries < patience.tries => {
                tracing::info!(%error, tries, "the broker is not ready");
                tries += 1;
                tokio::time::sleep(patience.pause).await;
            }
            declared => return declared,
        }
    }
}

#[cfg(test)]
mod tests;
