//! What carries messages: the in-process broker or a RabbitMQ.

use std::{fmt::Debug, sync::Arc};

use marquee_lambda::Error;
use marquee_messaging::{
    backends::{
        memory::MemoryBroker,
        rabbitmq::{Endpoint, RabbitMq},
    },
    publisher::{DeadLetters, Publisher, Replies, Retries},
    topology::RetryPolicy,
};
use serde_json::{Value, json};

/// Messages a queue takes before it refuses: far more than a laptop can be behind with, and not
/// all of its memory.
const QUEUE_LEN_MAX: usize = 100_000;

/// What hosts call themselves on RabbitMQ, and no stack can: a host does not start where a stack has its
/// queues, whose messages it would take.
const ENVIRONMENT: &str = "_host";

/// What functions do with a broker.
pub trait Ports: Debug {
    fn publisher(&self) -> Arc<dyn Publisher>;
    fn dead_letters(&self) -> Arc<dyn DeadLetters>;
    fn replies(&self) -> Arc<dyn Replies>;
    fn retries(&self) -> Arc<dyn Retries>;
}

#[derive(Clone, Debug)]
pub enum HostBroker {
    Memory(MemoryBroker),
    RabbitMq(RabbitMq),
}

impl HostBroker {
    pub fn memory() -> Self {
        Self::Memory(MemoryBroker::new(marquee_contexts::topology(), QUEUE_LEN_MAX))
    }

    /// With the topology declared.
    ///
    /// # Errors
    /// If there is no RabbitMQ at that URL, or it has queues of our names that are not a host's.
    pub async fn rabbitmq(url: &str, retry: Option<RetryPolicy>) -> Result<Self, Error> {
        let rabbitmq = RabbitMq::new(Endpoint::parse(url)?, marquee_contexts::topology());
        let declared = rabbitmq.declare_topology(ENVIRONMENT, retry).await;
        declared.map_err(|error| format!("--broker rabbitmq: {error}"))?;
        Ok(Self::RabbitMq(rabbitmq))
    }

    /// How many messages a queue has, as far as the broker tells.
    pub async fn depth(&self, queue: &str) -> Result<Value, Error> {
        Ok(match self {
            Self::Memory(memory) => json!(memory.depth(queue)),
            Self::RabbitMq(rabbitmq) => json!({ "ready": rabbitmq.ready(queue).await? }),
        })
    }

    /// Whether all that was published so far survives the end of this process: a RabbitMQ keeps
    /// what it has confirmed, the in-process broker must have nothing left.
    pub fn is_safe_to_leave(&self) -> bool {
        match self {
            Self::Memory(memory) => memory.is_empty(),
            Self::RabbitMq(_) => true,
        }
    }
}

impl Ports for HostBroker {
    fn publisher(&self) -> Arc<dyn Publisher> {
        match self {
            Self::Memory(memory) => Arc::new(memory.clone()),
            Self::RabbitMq(rabbitmq) => Arc::new(rabbitmq.clone()),
        }
    }

    fn dead_letters(&self) -> Arc<dyn DeadLetters> {
        match self {
            Self::Memory(memory) => Arc::new(memory.clone()),
            Self::RabbitMq(rabbitmq) => Arc::new(rabbitmq.clone()),
        }
    }

    fn replies(&self) -> Arc<dyn Replies> {
        match self {
            Self::Memory(memory) => Arc::new(memory.clone()),
            Self::RabbitMq(rabbitmq) => Arc::new(rabbitmq.clone()),
        }
    }

    fn retries(&self) -> Arc<dyn Retries> {
        match self {
            Self::Memory(memory) => Arc::new(memory.clone()),
            Self::RabbitMq(rabbitmq) => Arc::new(rabbitmq.clone()),
        }
    }
}
