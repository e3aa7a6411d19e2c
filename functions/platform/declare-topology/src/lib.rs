//! `declare-topology`: declares exchanges, queues and bindings on RabbitMQ while a stack is
//! deployed, as a CloudFormation custom resource.
//!
//! Creating and updating declare everything, which is safe however often it is done. Deleting
//! deletes nothing: queues may hold messages. CloudFormation waits an hour for an answer that does
//! not come, so every request is answered, failures with their reason.

use std::time::Duration;

use marquee_lambda::Error;
use marquee_messaging::{backends::rabbitmq::RabbitMq, topology::RetryPolicy};
use serde::{Deserialize, Serialize};

/// A broker that was created a moment ago may not answer at once. An error that stays costs half a
/// minute more than it must.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_secs(3);
/// All of them together end before the function does, which is after two minutes.
const TRY_MAX: Duration = Duration::from_secs(8);
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
    request: Request,
) -> Result<(), Error> {
    let declared = match request.request_type {
        RequestType::Delete => Ok(()),
        RequestType::Create | RequestType::Update => declare(rabbitmq, retry).await,
    };
    if let Err(error) = &declared {
        tracing::error!(%error, "the topology could not be declared");
    }
    let (status, reason) = match declared {
        Ok(()) => ("SUCCESS", "declared".to_owned()),
        Err(error) => ("FAILED", error),
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
    let sent = reqwest::Client::new().put(&request.response_url).body(body).send().await?;
    sent.error_for_status()?;
    Ok(())
}

async fn declare(rabbitmq: &RabbitMq, retry: Option<RetryPolicy>) -> Result<(), String> {
    let mut tries = 1;
    loop {
        let declaring = tokio::time::timeout(TRY_MAX, rabbitmq.declare_topology(retry));
        let declared = match declaring.await {
            Ok(declared) => declared.map_err(|error| error.to_string()),
            Err(_) => Err(format!("the broker did not answer in {TRY_MAX:?}")),
        };
        match declared {
            Err(error) if tries < TRIES => {
                tracing::info!(%error, tries, "the broker is not ready");
                tries += 1;
                tokio::time::sleep(PAUSE).await;
            }
            declared => return declared,
        }
    }
}
