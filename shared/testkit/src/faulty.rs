//! A connection to DynamoDB on which things go wrong, where they do on a real one: between the
//! SDK's retries and the wire.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use serde_json::json;

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// It never arrives.
    Lost,
    /// It is done, and the answer never arrives.
    AnswerLost,
    Throttled,
    /// A write that met a transaction of others; for reads, the same as `None`.
    Conflict,
    /// A transaction of which one item met others, and the third failed its condition besides.
    ConflictAndCondition,
    /// Whoever asks is never heard of again, before the request is done or after.
    Killed {
        done: bool,
    },
}

/// Decides by operation and by how many requests there have been.
pub type Plan = dyn Fn(&str, u64) -> Fault + Send + Sync;

#[derive(Clone)]
pub struct FaultyHttp {
    inner: SharedHttpClient,
    plan: Arc<Plan>,
    count: Arc<AtomicU64>,
}

impl FaultyHttp {
    pub fn new(plan: impl Fn(&str, u64) -> Fault + Send + Sync + 'static) -> Self {
        let inner = aws_smithy_http_client::Builder::new().build_http();
        Self { inner, plan: Arc::new(plan), count: Arc::default() }
    }
}

impl fmt::Debug for FaultyHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyHttp")
    }
}

impl HttpClient for FaultyHttp {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(FaultyConnector { inner, client: self.clone() })
    }
}

#[derive(Debug)]
struct FaultyConnector {
    inner: SharedHttpConnector,
    client: FaultyHttp,
}

impl HttpConnector for FaultyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let count = self.client.count.fetch_add(1, Ordering::SeqCst);
        match (self.client.plan)(operation, count) {
            Fault::Lost => HttpConnectorFuture::ready(Err(lost())),
            Fault::AnswerLost => {
                let answer = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    let _ = answer.await;
                    Err(lost())
                })
            }
            Fault::Killed { done } => {
                let answer = done.then(|| self.inner.call(request));
                HttpConnectorFuture::new(async move {
                    if let Some(answer) = answer {
                        let _ = answer.await;
                    }
                    std::future::pending().await
                })
            }
            Fault::Throttled => HttpConnectorFuture::ready(Ok(error(json!({
                "__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException",
                "message": "on purpose",
            })))),
            Fault::Conflict if operation == "TransactWriteItems" => {
                HttpConnectorFuture::ready(Ok(error(json!({
                    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                    "Message": "Transaction cancelled [TransactionConflict, None]",
                    "CancellationReasons": [
                        {"Code": "TransactionConflict", "Message": "on purpose"},
                        {"Code": "None"},
                    ],
                }))))
            }
            Fault::ConflictAndCondition if operation == "TransactWriteItems" => {
                HttpConnectorFuture::ready(Ok(error(json!({
                    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                    "Message": "Transaction cancelled",
                    "CancellationReasons": [
                        {"Code": "TransactionConflict", "Message": "on purpose"},
                        {"Code": "None"},
                        {"Code": "ConditionalCheckFailed", "Message": "on purpose"},
                    ],
                }))))
            }
            Fault::Conflict if ["UpdateItem", "PutItem"].contains(&operation) => {
                HttpConnectorFuture::ready(Ok(error(json!({
                    "__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
                    "message": "on purpose",
                }))))
            }
            Fault::Conflict | Fault::ConflictAndCondition | Fault::None => self.inner.call(request),
        }
    }
}

fn lost() -> ConnectorError {
    ConnectorError::io("lost on purpose".into())
}

fn error(body: serde_json::Value) -> HttpResponse {
    let bad_request = StatusCode::try_from(400).unwrap_or_else(|_| unreachable!());
    let mut response = HttpResponse::new(bad_request, SdkBody::from(body.to_string()));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response
}
