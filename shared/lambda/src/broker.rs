//! The broker that the environment names: `BROKER` is `sqs` or `rabbitmq`.

use std::sync::Arc;

use async_trait::async_trait;
use marquee_messaging::{
    backends::{
        rabbitmq::{Credentials, CredentialsSource, Endpoint, RabbitMq},
        sns_sqs::{SnsPublisher, SqsQueues},
    },
    publisher::{DeadLetters, Publisher, Replies, Retries},
    topology::{Queue, Topology},
};
use serde::Deserialize;

use crate::{
    Error, aws, config,
    consumer::{BatchHandler, Consumer, retry_from_env},
    secrets,
};

/// A broker, with what the function has to know of the topology: its own context's part, or all.
#[derive(Clone, Debug)]
pub enum Broker {
    SnsSqs { sns: aws_sdk_sns::Client, sqs: aws_sdk_sqs::Client, topology: Topology },
    RabbitMq(RabbitMq),
}

impl Broker {
    /// # Errors
    /// If a variable is missing or cannot be read.
    pub async fn from_env(topology: impl Into<Topology>) -> Result<Self, Error> {
        let topology = topology.into();
        let broker = config::required("BROKER")?;
        match broker.as_str() {
            "rabbitmq" => Ok(Self::RabbitMq(rabbitmq_from_env(topology)?)),
            "sqs" => {
                let shared = aws::config().await;
                let sns = aws_sdk_sns::Client::new(&shared);
                Ok(Self::SnsSqs { sns, sqs: aws_sdk_sqs::Client::new(&shared), topology })
            }
            _ => Err(format!("BROKER is {broker:?}, which is neither sqs nor rabbitmq").into()),
        }
    }

    pub fn publisher(&self) -> Result<Arc<dyn Publisher>, Error> {
        Ok(match self {
            Self::RabbitMq(rabbitmq) => Arc::new(rabbitmq.clone()),
            Self::SnsSqs { sns, topology, .. } => Arc::new(SnsPublisher {
                client: sns.clone(),
                topic_arn_prefix: config::required("TOPIC_ARN_PREFIX")?,
                topology: topology.clone(),
            }),
        })
    }

    pub fn dead_letters(&self) -> Result<Arc<dyn DeadLetters>, Error> {
        Ok(match self {
            Self::RabbitMq(rabbitmq) => Arc::new(rabbitmq.clone()),
            Self::SnsSqs { sqs, topology, .. } => Arc::new(queues(sqs, topology)?),
        })
    }

    pub fn replies(&self) -> Result<Arc<dyn Replies>, Error> {
        Ok(match self {
            Self::RabbitMq(rabbitmq) => Arc::new(rabbitmq.clone()),
            Self::SnsSqs { sqs, topology, .. } => Arc::new(queues(sqs, topology)?),
        })
    }

    fn retries(&self) -> Result<Arc<dyn Retries>, Error> {
        Ok(match self {
            Self::RabbitMq(rabbitmq) => Arc::new(rabbitmq.clone()),
            Self::SnsSqs { sqs, topology, .. } => Arc::new(queues(sqs, topology)?),
        })
    }

    /// The consumer of `queue` by this handler.
    pub fn consumer(
        &self,
        queue: &'static Queue,
        handler: impl BatchHandler + 'static,
    ) -> Result<Consumer, Error> {
        Ok(Consumer {
            queue: queue.name,
            retry: retry_from_env()?.unwrap_or(queue.retry),
            handler: Arc::new(handler),
            dead_letters: self.dead_letters()?,
            retries: self.retries()?,
        })
    }
}

fn queues(sqs: &aws_sdk_sqs::Client, topology: &Topology) -> Result<SqsQueues, Error> {
    let url_prefix = config::required("QUEUE_URL_PREFIX")?;
    Ok(SqsQueues { client: sqs.clone(), url_prefix, topology: topology.clone() })
}

/// `AMQP_ENDPOINT`, with the log-in from the secret `BROKER_SECRET_ARN` if there is one.
pub fn rabbitmq_from_env(topology: Topology) -> Result<RabbitMq, Error> {
    let endpoint = Endpoint::parse(&config::required("AMQP_ENDPOINT")?)?;
    let endpoint = match config::optional("BROKER_SECRET_ARN") {
        Some(arn) => endpoint.with_credentials(Arc::new(BrokerSecret(arn))),
        None => endpoint,
    };
    Ok(RabbitMq::new(endpoint, topology))
}

struct BrokerSecret(String);

#[async_trait]
impl CredentialsSource for BrokerSecret {
    async fn credentials(&self) -> Result<Credentials, String> {
        #[derive(Deserialize)]
        struct Login {
            username: String,
            password: String,
        }
        let secret = secrets::text(&self.0).await.map_err(|error| error.to_string())?;
        let login: Login = serde_json::from_str(&secret)
            .map_err(|_| "the broker's secret is not {\"username\", \"password\"}".to_owned())?;
        Ok(Credentials { username: login.username, password: login.password })
    }
}
