//! RabbitMQ, on Amazon MQ or anywhere.
//!
//! Every publish is mandatory and waits for the broker's confirm under a time-out. A connection
//! that fails, or does not confirm in time, is given up, and what is not confirmed goes out again
//! over a new one with the same message id: a function may be frozen for minutes between two
//! publishes and wake up with a socket that is long dead.

mod connection;
mod declare;
mod properties;
mod publish;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use lapin::{options::QueueDeclareOptions, types::FieldTable};
use tokio::time::timeout;

pub use connection::{BrokerError, Credentials, CredentialsSource, Endpoint};
pub use declare::retry_queue;
pub use lapin;

use connection::Connector;
use declare::{claim, declare, is_taken};

use crate::{
    message::Message,
    publisher::{DeadLetters, Failed, Outgoing, PublishError, Publisher, Replies, Reply, Retries},
    topology::{self, RetryPolicy, Topology},
};

/// A broker answers a confirm within milliseconds, or within a second or two while its quorum
/// queues elect a leader; beyond this the connection is taken for dead.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(5);
/// Some dozens of declarations, each some milliseconds, and some of them elections.
const DECLARE_TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
pub struct RabbitMq {
    connector: Arc<Connector>,
    topology: Topology,
    confirm_timeout: Duration,
}

impl RabbitMq {
    /// Connects when it first has to.
    pub fn new(endpoint: Endpoint, topology: Topology) -> Self {
        let connector = Arc::new(Connector::new(endpoint));
        Self { connector, topology, confirm_timeout: CONFIRM_TIMEOUT }
    }

    #[must_use]
    pub fn with_confirm_timeout(mut self, confirm_timeout: Duration) -> Self {
        self.confirm_timeout = confirm_timeout;
        self
    }

    /// The virtual host that all of this is in.
    pub fn virtual_host(&self) -> &str {
        self.connector.endpoint.virtual_host()
    }

    /// Declares the topology for an environment, and the virtual host as that environment's; safe to
    /// run again.
    ///
    /// # Errors
    /// If the broker cannot be reached, has something of that name and another kind, or has another
    /// environment's queues on this virtual host.
    pub async fn declare_topology(
        &self,
        environment: &str,
        retry: Option<RetryPolicy>,
    ) -> Result<(), BrokerError> {
        let connection = self.connect().await?;
        let declaring = timeout(DECLARE_TIMEOUT, async {
            let channel = connection.create_channel().await?;
            claim(&channel, environment).await.map_err(|error| match is_taken(&error) {
                true => BrokerError::Refused(format!(
                    "virtual host {} has the queues of another environment; give {environment} a \
                     virtual host of its own ({error})",
                    self.virtual_host()
                )),
                false => error.into(),
            })?;
            declare(&channel, &self.topology, retry).await?;
            Ok(connection.close(200, "declared".into()).await?)
        });
        let late = || BrokerError::Unavailable(format!("nothing declared in {DECLARE_TIMEOUT:?}"));
        declaring.await.unwrap_or_else(|_| Err(late()))
    }

    /// How many messages of a queue nobody has been handed yet.
    ///
    /// # Errors
    /// If the broker cannot be reached or has no such queue.
    pub async fn ready(&self, queue: &str) -> Result<u32, BrokerError> {
        let asking = async {
            let connection = self.connector.connection().await?;
            let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            let asked = async {
                let channel = connection.create_channel().await?;
                let queue = channel.queue_declare(queue.into(), options, FieldTable::default());
                let count = queue.await?.message_count();
                channel.close(200, "answered".into()).await?;
                Ok(count)
            };
            asked.await.map_err(|error: lapin::Error| BrokerError::from(error))
        };
        let late = || BrokerError::Unavailable(format!("no answer in {:?}", self.confirm_timeout));
        timeout(self.confirm_timeout, asking).await.unwrap_or_else(|_| Err(late()))
    }

    /// A connection of the caller's own, as for consuming.
    ///
    /// # Errors
    /// If there is none to be had within some seconds.
    pub async fn connect(&self) -> Result<lapin::Connection, BrokerError> {
        self.connector.connect().await
    }
}

#[async_trait]
impl Publisher for RabbitMq {
    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        let parcels = batch.iter().map(|outgoing| publish::Parcel {
            exchange: &outgoing.exchange,
            routing_key: &outgoing.routing_key,
            body: &outgoing.message.body,
            properties: properties::of(&outgoing.message, &[]),
            mandatory: true,
            refused: outgoing.check_body().err(),
        });
        self.send(parcels.collect()).await
    }
}

#[async_trait]
impl DeadLetters for RabbitMq {
    async fn dead_letter(
        &self,
        queue: &str,
        message: &Message,
        reason: &str,
    ) -> Result<(), PublishError> {
        let queue = topology::dead_letter_queue(queue);
        let properties = properties::of(message, &[properties::reason(reason)]);
        self.send_one("", &queue, message, properties).await
    }
}

/// A copy goes to a queue that holds it for exactly that delay and then puts it back.
#[async_trait]
impl Retries for RabbitMq {
    async fn retry_later(&self, failed: Failed<'_>, delay: Duration) -> Result<(), PublishError> {
        let attempts = properties::attempts(failed.attempts);
        let properties = properties::of(failed.message, &[attempts]);
        self.send_one(&retry_queue(delay), failed.queue, failed.message, properties).await
    }
}

/// A routing key is a short string: lapin panics at a longer one.
const QUEUE_NAME_BYTES_MAX: usize = 255;

/// By the default exchange. Not mandatory: whoever asked may be gone, and an answer that came back
/// would cast doubt on those beside it, which would be sent twice.
#[async_trait]
impl Replies for RabbitMq {
    async fn reply(&self, replies: &[Reply]) -> Vec<Result<(), PublishError>> {
        let may_take_replies = |queue: &str| {
            queue.len() <= QUEUE_NAME_BYTES_MAX && !self.topology.is_working_queue(queue)
        };
        let kept_for = topology::REPLIES_KEPT_FOR.as_millis().to_string();
        let parcels = replies.iter().map(|Reply { to, message }| publish::Parcel {
            exchange: "",
            routing_key: to,
            body: &message.body,
            properties: properties::of(message, &[]).with_expiration(kept_for.as_str().into()),
            mandatory: false,
            refused: (!may_take_replies(to)).then(|| Reply::nowhere(to)),
        });
        self.send(parcels.collect()).await
    }
}
