//! The way from a function to DynamoDB: an SDK client whose requests take time and get lost.

use std::time::Duration;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
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
use marquee_dynamo::client::{Table, tuned};
use marquee_host::database::{Tables, table_name};
use marquee_kernel::time::Clock;
use serde_json::json;
use tokio::sync::oneshot;

use super::{Answer, Service};
use crate::{
    clock::WorldClock,
    faults::Faults,
    journal::{acting, actor},
    mix::Fault,
    watch::Watch,
};

/// A request that is not answered: longer than any client waits.
const NEVER: Duration = Duration::from_secs(3600);

/// The network of one environment.
#[derive(Clone, Debug)]
pub struct Link {
    pub service: Service,
    pub faults: Faults,
    pub clock: WorldClock,
    pub watch: Watch,
}

impl Tables for Link {
    fn table(&self, context: &str) -> Table {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url("http://dynamodb.simulated")
            .region(Region::from_static("simulated"))
            .credentials_provider(Credentials::new("simulated", "simulated", None, None, "world"))
            .http_client(self.clone());
        Table::new(tuned(config), table_name(context))
    }
}

impl HttpClient for Link {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Link {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (link, actor) = (self.clone(), actor());
        let (tell, told) = oneshot::channel();
        // A request that is on its way goes on when nobody waits for its answer any more.
        tokio::spawn(acting(actor, async move {
            let _ = tell.send(link.ask(request).await);
        }));
        HttpConnectorFuture::new(async move { told.await.unwrap_or_else(|_| Err(broken())) })
    }
}

impl Link {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body = request.body().bytes().unwrap_or_default();
        let body = String::from_utf8_lossy(body).into_owned();
        let answer = self.travel(&operation, &body).await?;
        let status = StatusCode::try_from(answer.status).expect("a status");
        let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
        response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
        Ok(response)
    }

    async fn travel(&self, operation: &str, body: &str) -> Result<Answer, ConnectorError> {
        self.pass_time(0.5).await;
        if self.faults.strike(Fault::RequestLost) {
            return self.lost().await;
        }
        if self.faults.strike(Fault::Throttled) {
            return Ok(throttled());
        }
        self.service.go_wrong(self.faults.are_on());
        let answer = match self.service.begin(self.clock.elapsed(), operation, body) {
            Ok(underway) => {
                self.pass_time(1.0).await;
                tokio::time::sleep(underway.takes).await;
                let answer = self.service.finish(self.clock.elapsed(), underway);
                self.watch.look(&self.service, self.clock.now());
                answer
            }
            Err(refusal) => refusal,
        };
        for fault in &answer.struck {
            self.faults.journal.struck(*fault);
        }
        let told = format!("{operation} {} {body}", answer.status);
        self.faults.journal.write(&told);
        self.pass_time(0.5).await;
        if self.faults.strike(Fault::AnswerLost) {
            return self.lost().await;
        }
        Ok(answer)
    }

    /// Some milliseconds; with a slow database, up to some seconds.
    async fn pass_time(&self, share: f64) {
        let slow = self.faults.strike(Fault::Slow);
        let millis = if slow { self.faults.chance.between(10.0, 4_000.0) } else { 0.0 };
        let millis = (millis + self.faults.chance.between(1.0, 6.0)) * share;
        tokio::time::sleep(Duration::from_secs_f64(millis / 1_000.0)).await;
    }

    /// A lost connection shows at once, or never.
    async fn lost(&self) -> Result<Answer, ConnectorError> {
        if self.faults.chance.happens(0.5) {
            tokio::time::sleep(NEVER).await;
        }
        Err(broken())
    }
}

fn broken() -> ConnectorError {
    ConnectorError::io("the connection was lost".into())
}

fn throttled() -> Answer {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException",
        "message": "the rate of requests exceeds the allowed throughput",
    });
    Answer::new(400, body.to_string())
}
