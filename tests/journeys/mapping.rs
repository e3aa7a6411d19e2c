//! Taking a queue's consumer away and giving it back: on AWS and its emulators, by disabling its
//! event source mapping; on a host, the same by the host's own words.

use std::{env, time::SystemTime};

use aws_config::BehaviorVersion;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::harness::{Marquee, eventually};

impl Marquee {
    /// From when it returns, what comes to the queue stays there.
    pub(crate) async fn disable(&self, queue: &str, consumer: &str) {
        self.set_mapping(queue, consumer, false).await;
    }

    pub(crate) async fn enable(&self, queue: &str, consumer: &str) {
        self.set_mapping(queue, consumer, true).await;
    }

    async fn set_mapping(&self, queue: &str, consumer: &str, enabled: bool) {
        let Some(prefix) = self.deployed_prefix() else {
            let path = format!("/_host/queues/{queue}/mapping");
            self.put(&path, &json!({ "enabled": enabled })).await.expect(200);
            return;
        };
        let function = format!("{prefix}{consumer}");
        let path = format!("/2015-03-31/event-source-mappings/?FunctionName={function}");
        let mappings = lambda(Method::GET, &path, Value::Null).await;
        let mut mappings = mappings["EventSourceMappings"].as_array().expect("mappings").iter();
        let mapping = mappings.find(|mapping| {
            let source = mapping["EventSourceArn"].as_str().unwrap_or_default();
            source.ends_with(&format!(":{prefix}{queue}"))
        });
        let id = mapping.expect("the queue's mapping")["UUID"].as_str().expect("an id");
        let path = format!("/2015-03-31/event-source-mappings/{id}");
        lambda(Method::PUT, &path, json!({ "Enabled": enabled })).await;
        let wanted = if enabled { "Enabled" } else { "Disabled" };
        let done =
            eventually(async || lambda(Method::GET, &path, Value::Null).await["State"] == wanted);
        assert!(done.await, "{function} is not {wanted}");
    }

    /// What the URLs of a deployed system's queues begin with.
    pub(crate) async fn queue_url_prefix(&self) -> String {
        const QUEUE: &str = "member_messages";
        let shared = aws_config::load_defaults(BehaviorVersion::latest()).await;
        let sqs = aws_sdk_sqs::Client::new(&shared);
        let name = format!("{}{QUEUE}", self.deployed_prefix().expect("a deployed system"));
        let found = sqs.get_queue_url().queue_name(name).send().await.expect("a queue");
        found.queue_url().expect("a url").trim_end_matches(QUEUE).to_owned()
    }

    /// How many messages wait in a queue.
    pub(crate) async fn backlog(&self, queue: &str) -> u64 {
        if self.deployed_prefix().is_none() {
            let queues = self.get("/_host/queues").await.expect(200);
            let found = queues.as_array().expect("a list").iter().find(|q| q["name"] == queue);
            return found.expect("the queue")["messages"]["ready"].as_u64().expect("a count");
        }
        let shared = aws_config::load_defaults(BehaviorVersion::latest()).await;
        let sqs = aws_sdk_sqs::Client::new(&shared);
        let url = format!("{}{queue}", self.queue_url_prefix().await);
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let request = sqs.get_queue_attributes().queue_url(url);
        let answer = request.attribute_names(name.clone()).send().await.expect("attributes");
        answer.attributes.unwrap_or_default()[&name].parse().expect("a count")
    }
}

/// A request to Lambda, signed as its own client would.
async fn lambda(method: Method, path: &str, body: Value) -> Value {
    let shared = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let region = shared.region().expect("a region").to_string();
    let endpoint = env::var("AWS_ENDPOINT_URL")
        .unwrap_or_else(|_| format!("https://lambda.{region}.amazonaws.com"));
    let url = format!("{}{path}", endpoint.trim_end_matches('/'));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let credentials = shared.credentials_provider().expect("credentials");
    let identity = credentials.provide_credentials().await.expect("credentials").into();
    #[allow(clippy::disallowed_methods)] // a signature is good for minutes of real time
    let time = SystemTime::now();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&region)
        .name("lambda")
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .expect("parameters");
    let signable = SignableRequest::new(
        method.as_str(),
        &url,
        std::iter::empty(),
        SignableBody::Bytes(body.as_bytes()),
    );
    let (instructions, _) =
        sign(signable.expect("a request"), &parameters.into()).expect("a signature").into_parts();
    let mut request = Client::new().request(method, &url).body(body);
    for (name, value) in instructions.headers() {
        request = request.header(name, value);
    }
    let answer = request.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{url}: {}", answer.status());
    answer.json().await.expect("json")
}
