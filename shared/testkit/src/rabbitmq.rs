//! A virtual host of its own on a running RabbitMQ, and a plain client to look into it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use marquee_messaging::backends::rabbitmq::{
    Endpoint, RabbitMq,
    lapin::{
        BasicProperties, Channel, Connection, ConnectionProperties,
        message::BasicGetMessage,
        options::{
            BasicGetOptions, BasicNackOptions, BasicPublishOptions, ConfirmSelectOptions,
            QueueDeclareOptions,
        },
        types::FieldTable,
    },
};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server;

/// Whose the virtual hosts of tests are: hosts may use them too.
pub const ENVIRONMENT: &str = "_host";

const ASK_AGAIN: Duration = Duration::from_millis(20);

/// A virtual host: exchanges and queues of our names that no other test sees. One that was made for a test goes
/// with its last clone: the quorum queues of some two hundred tests would be more than a broker's memory.
#[derive(Clone, Debug)]
pub struct VirtualHost {
    pub name: String,
    /// Of the virtual host.
    pub url: String,
    management: String,
    _temporary: Option<Arc<Temporary>>,
}

/// The address of something that is deleted with this.
#[derive(Debug)]
struct Temporary(String);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Nobody waits for it: it takes the broker a second or two, or the broker may be gone.
        let mut curl = Command::new("curl");
        curl.args(["-s", "-X", "DELETE", &self.0]).stdout(Stdio::null()).stderr(Stdio::null());
        drop(curl.spawn());
    }
}

impl VirtualHost {
    /// A new one on the broker of the environment, empty.
    ///
    /// # Panics
    /// If there is no broker.
    pub async fn create() -> Self {
        Self::create_on(&server("AMQP_URL"), &server("RABBITMQ_MANAGEMENT_URL")).await
    }

    /// A new one on the broker at these addresses.
    ///
    /// # Panics
    /// If there is no broker.
    pub async fn create_on(amqp_url: &str, management_url: &str) -> Self {
        let name = Uuid::new_v4().to_string();
        let url = format!("{}/{name}", amqp_url.trim_end_matches('/'));
        let own = Temporary(format!("{management_url}/api/vhosts/{name}"));
        let management = management_url.to_owned();
        let host = Self { name, url, management, _temporary: Some(Arc::new(own)) };
        host.manage(Method::PUT, &format!("vhosts/{}", host.name), None).await;
        let all = json!({ "configure": ".*", "write": ".*", "read": ".*" });
        let permissions = format!("permissions/{}/guest", host.name);
        host.manage(Method::PUT, &permissions, Some(&all)).await;
        host
    }

    /// One that is there already.
    pub fn named(name: &str, amqp_url: &str, management_url: &str) -> Self {
        let url = format!("{}/{name}", amqp_url.trim_end_matches('/'));
        Self { name: name.to_owned(), url, management: management_url.to_owned(), _temporary: None }
    }

    /// Our backend on it, with the topology declared.
    ///
    /// # Panics
    /// If it cannot be declared.
    pub async fn rabbitmq(&self) -> RabbitMq {
        let rabbitmq = self.undeclared();
        rabbitmq.declare_topology(ENVIRONMENT, None).await.expect("the topology is declared");
        rabbitmq
    }

    /// Our backend on it, with nothing declared.
    ///
    /// # Panics
    /// If the URL is none.
    pub fn undeclared(&self) -> RabbitMq {
        RabbitMq::new(Endpoint::parse(&self.url).expect("a url"), marquee_contexts::topology())
    }

    /// A request to the management API, under `/api/`.
    ///
    /// # Panics
    /// If it fails.
    pub async fn manage(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let mut request = Client::new().request(method, format!("{}/api/{path}", self.management));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.expect("the management API answers");
        let status = response.status();
        let text = response.text().await.expect("a body");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// A policy for queues whose name matches, as an operator would set it.
    pub async fn set_policy(&self, pattern: &str, definition: &Value) {
        let policy = json!({ "pattern": pattern, "definition": definition, "apply-to": "queues" });
        let path = format!("policies/{}/test", self.name);
        self.manage(Method::PUT, &path, Some(&policy)).await;
    }

    /// Takes all policies back.
    pub async fn clear_policy(&self) {
        self.manage(Method::DELETE, &format!("policies/{}/test", self.name), None).await;
    }

    /// A client that has nothing to do with ours.
    ///
    /// # Panics
    /// If the broker does not answer.
    pub async fn client(&self) -> PlainClient {
        let connection = Connection::connect(&self.url, ConnectionProperties::default())
            .await
            .expect("connects");
        let channel = connection.create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        PlainClient { _connection: connection, channel }
    }
}

pub struct PlainClient {
    _connection: Connection,
    pub channel: Channel,
}

impl std::fmt::Debug for PlainClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlainClient")
    }
}

impl PlainClient {
    /// Publishes by hand: just a body.
    pub async fn publish(&self, exchange: &str, routing_key: &str, body: &[u8]) {
        self.publish_with(exchange, routing_key, body, BasicProperties::default()).await;
    }

    /// # Panics
    /// If the broker does not confirm it.
    pub async fn publish_with(
        &self,
        exchange: &str,
        routing_key: &str,
        body: &[u8],
        properties: BasicProperties,
    ) {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let (exchange, key) = (exchange.into(), routing_key.into());
        let sent = self.channel.basic_publish(exchange, key, options, body, properties).await;
        let confirmation = sent.expect("sent").await.expect("confirmed");
        assert!(confirmation.is_ack() && confirmation.take_message().is_none(), "not routed");
    }

    /// Messages that are ready in a queue.
    ///
    /// # Panics
    /// If there is no such queue.
    pub async fn depth(&self, queue: &str) -> u32 {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let declared = self.channel.queue_declare(queue.into(), options, FieldTable::default());
        declared.await.expect("the queue is there").message_count()
    }

    /// Waits for `count` messages and takes them out of the queue.
    ///
    /// # Panics
    /// If they do not come.
    pub async fn take(&self, queue: &str, count: usize) -> Vec<BasicGetMessage> {
        let mut taken = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(30);
        while taken.len() < count {
            let options = BasicGetOptions { no_ack: true };
            match self.channel.basic_get(queue.into(), options).await.expect("the queue is there") {
                Some(message) => taken.push(message),
                None => {
                    let got = taken.len();
                    assert!(Instant::now() < deadline, "{got} of {count} came to {queue}");
                    tokio::time::sleep(ASK_AGAIN).await;
                }
            }
        }
        taken
    }

    /// Looks at all messages of a queue and leaves them there.
    ///
    /// # Panics
    /// If there is no such queue.
    pub async fn look(&self, queue: &str) -> Vec<BasicGetMessage> {
        let mut seen: Vec<BasicGetMessage> = Vec::new();
        loop {
            let options = BasicGetOptions { no_ack: false };
            match self.channel.basic_get(queue.into(), options).await.expect("the queue is there") {
                Some(message) => seen.push(message),
                None => break,
            }
        }
        if let Some(last) = seen.last() {
            let options = BasicNackOptions { multiple: true, requeue: true };
            last.nack(options).await.expect("put back");
        }
        seen
    }
}

/// A RabbitMQ server of the test's own, to be stopped and started.
#[derive(Debug)]
pub struct Server {
    directory: PathBuf,
    pub amqp_url: String,
    pub management_url: String,
}

impl Server {
    /// Starts one, with its data under `directory`.
    ///
    /// # Panics
    /// If it does not start.
    pub fn up(directory: &Path) -> Self {
        let mut server = Self {
            directory: directory.to_owned(),
            amqp_url: String::new(),
            management_url: String::new(),
        };
        server.run("up");
        let env = std::fs::read_to_string(directory.join("env")).expect("its addresses");
        let value = |name: &str| {
            let line = env.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.expect("an address").to_owned()
        };
        server.amqp_url = value("AMQP_URL");
        server.management_url = value("RABBITMQ_MANAGEMENT_URL");
        server
    }

    /// `stop`, `kill` or `start`.
    ///
    /// # Panics
    /// If it cannot be done.
    pub fn run(&self, action: &str) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../localstack/rabbitmq");
        let status = Command::new(script).arg(action).arg(&self.directory).status();
        assert!(status.expect("the script runs").success(), "rabbitmq {action}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run("down");
    }
}
