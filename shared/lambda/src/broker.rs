//! The broker that the environment names: `BROKER` is `sqs` or `rabbitmq`.

use std::sync::Arc;

use async_trait::async_trait;
use marquee_messaging::{
    backends::{
        rabbitmq::{Credentials, CredentialsSource, Endpoint, RabbitMq},
        sns_sqs::{SnsPublisher, SqsQueues},
    },
    publisher::{DeadLetters, Publisher, Replies, Retries},
};
use serde::Deserialize;

use crate::{
    Error, aws, config,
    consumer::{BatchHandler, Consumer, policy_of, retry_from_env},
    secrets,
};

#[derive(Clone, Debug)]
pub enum Broker {
    SnsSqs { sns: aws_sdk_sns::Client, sqs: aws_sdk_sqs::Client },
    RabbitMq(RabbitMq),
}

impl Broker {
    /// # Errors
    /// If a variable is missing or cannot be read.
    pub async fn from_env() -> Result<Self, Error> {
        let broker = config::required("BROKER")?;
        match broker.as_str() {
            "rabbitmq" => Ok(Self::RabbitMq(rabbitmq_from_env()?)),
            "sqs" => {
                let shared = aws::config().await;
                let sns = aws_sdk_sns::Client::new(&shared);
                Ok(Self::SnsSqs { sns, sqs: aws_sdk_sqs::Client::new(&shared) })
            }
            _ => Err(format!("BROKER is {broker:?}, which is neither sqs nor rabbitmq").into()),
        }
    }

    pub fn publisher(&self) -> Result<Arc<dyn Publisher>, Error> {
        Ok(match self {
            Self::RabbitMq(rabbitmq) => Arc::new(rabbitmq.clone()),
            Self::SnsSqs { sns, .. } => Arc::new(SnsPublisher {
                client: sns.clone(),
                topic_arn_prefix: config::required("TOPIC_ARN_PREFIX")?,
            }),
        })
    }

    pub fn dead_letters(&self) -> Result<Arc<dyn DeadLetters>, Error> {
        Ok(match self {
            Self::RabbitMq(rabbitmq) => Arc::new(rabbitmq.clone()),
            Self::SnsSqs { sqs, .. } => Arc::new(queues(sqs)?),
        })
    }

    pub fn replies(&self) -> Result<Arc<dyn Replies>, Error> {
        Ok(match self {
            Self::RabbitMq(rabbitmq) => Arc::new(rabbitmq.clone()),
            Self::SnsSqs { sqs, .. } => Arc::new(queues(sqs)?),
        })
    }

    fn retries(&self) -> Result<Arc<dyn Retries>, Error> {
        Ok(match self {
            Self::RabbitMq(rabbitmq) => Arc::new(rabbitmq.clone()),
            Self::SnsSqs { sqs, .. } => Arc::new(queues(sqs)?),
        })
    }

    /// The consumer of `queue` by this handler.
    pub fn consumer(
        &self,
        queue: &'static str,
        handler: impl BatchHandler + 'static,
    ) -> Result<Consumer, Error> {
        Ok(Consumer {
            queue,
            retry: retry_from_env()?.unwrap_or_else(|| policy_of(queue)),
            handler: Arc::new(handler),
            dead_letters: self.dead_letters()?,
            retries: self.retries()?,
        })
    }
}

fn queues(sqs: &aws_sdk_sqs::Client) -> Result<SqsQueues, Error> {
    Ok(SqsQueues { client: sqs.clone(), url_prefix: config::required("QUEUE_URL_PREFIX")? })
}

/// `AMQP_ENDPOINT`, with the log-in from the secret `BROKER_SECRET_ARN` if there is one.
pub fn rabbitmq_from_env() -> Result<RabbitMq, Error> {
    let endpoint = Endpoint::parse(&config::required("AMQP_ENDPOINT")?)?;
    let endpoint = match config::optional("BROKER_SECRET_ARN") {
        Some(arn) => endpoint.with_credentials(Arc::new(BrokerSecret(arn))),
        None => endpoint,
    };
    Ok(RabbitMq::new(endpoint))
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
