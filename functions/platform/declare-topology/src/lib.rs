//! `declare-topology`: declares exchanges, queues and bindings on RabbitMQ while a stack is
//! deployed, as a CloudFormation custom resource.
//!
//! Creating and updating declare everything, which is safe however often it is done. Deleting
//! deletes nothing: queues may hold messages. CloudFormation waits an hour for an answer that does
//! not come, so every request is answered, failures with their reason.

use std::time::{Duration, Instant};

use marquee_lambda::Error;
use marquee_messaging::{
    backends::rabbitmq::{BrokerError, RabbitMq},
    topology::RetryPolicy,
};
use serde::{Deserialize, Serialize};

/// How long a broker is asked again that was created a moment ago and may not answer at once, or
/// refuses connections. What it refuses for good is an error at once.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub lasts: Duration,
    pub pause: Duration,
}

impl Patience {
    /// The function has a minute more: for a last try, which may take 25 s, and for the answer.
    pub const STANDARD: Self =
        Self { lasts: Duration::from_secs(120), pause: Duration::from_secs(5) };
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
    environment: &str,
    retry: Option<RetryPolicy>,
    patience: Patience,
    request: Request,
) -> Result<(), Error> {
    let declared = match request.request_type {
        RequestType::Delete => Ok(()),
        RequestType::Create | RequestType::Update => {
            declare(rabbitmq, environment, retry, patience).await
        }
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
    environment: &str,
    retry: Option<RetryPolicy>,
    patience: Patience,
) -> Result<(), BrokerError> {
    let give_up_at = Instant::now() + patience.lasts;
    loop {
        match rabbitmq.declare_topology(environment, retry).await {
            Err(error @ BrokerError::Unavailable(_)) if Instant::now() < give_up_at => {
                tracing::info!(%error, "the broker is not ready");
                tokio::time::sleep(patience.pause).await;
            }
            declared => return declared,
        }
    }
}

#[cfg(test)]
mod tests;
