//! The broker: the in-process one, on a network where messages get lost, doubled and late.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use marquee_host::broker::Ports;
use marquee_messaging::{
    backends::memory::MemoryBroker,
    message::{Message, attribute},
    publisher::{DeadLetters, Failed, Outgoing, PublishError, Publisher, Replies, Reply, Retries},
};
use tokio::time::Instant;

use crate::{aws::MappingKind, faults::Faults, mix::Fault};

const QUEUE_LEN_MAX: usize = 100_000;
/// How late a message may be: most of them seconds, some of them minutes.
const LATE_MAX: Duration = Duration::from_secs(600);
/// The longest that the broker is away.
const OUTAGE_MAX: Duration = Duration::from_secs(120);
/// Before anybody notices that it is away.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The way to the broker.
#[derive(Clone, Debug)]
pub struct Broker {
    pub memory: MemoryBroker,
    kind: MappingKind,
    faults: Faults,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    away_until: Option<Instant>,
    /// All that was ever delivered to a queue, to be delivered again at any age.
    delivered: Vec<Outgoing>,
    /// Messages that the broker has, and no queue yet.
    on_the_way: usize,
}

impl Broker {
    pub fn new(kind: MappingKind, faults: Faults) -> Self {
        let memory = MemoryBroker::new(marquee_contexts::topology(), QUEUE_LEN_MAX);
        Self { memory, kind, faults, state: Arc::default() }
    }

    fn state<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Everything that was published so far.
    pub fn delivered(&self) -> Vec<Outgoing> {
        self.state(|state| state.delivered.clone())
    }

    pub fn on_the_way(&self) -> usize {
        self.state(|state| state.on_the_way)
    }

    /// Whether a call gets through, and if so whether its answer does.
    async fn reaches(&self) -> Result<(), PublishError> {
        tokio::time::sleep(self.faults.chance.millis(1, 8)).await;
        let now = Instant::now();
        if self.faults.strike(Fault::Outage) {
            let until = now + self.faults.chance.millis(1_000, millis(OUTAGE_MAX));
            self.state(|state| state.away_until = Some(until));
        }
        let away = self.state(|state| state.away_until.is_some_and(|until| now < until));
        if away && self.faults.are_on() {
            tokio::time::sleep(TIMEOUT).await;
            return Err(PublishError::Unconfirmed("the broker is away".into()));
        }
        Ok(())
    }

    fn confirmed(&self) -> Result<(), PublishError> {
        match self.faults.strike(Fault::ConfirmLost) {
            true => Err(PublishError::Unconfirmed("no confirm in time".into())),
            false => Ok(()),
        }
    }

    async fn publish_one(&self, outgoing: &Outgoing) -> Result<(), PublishError> {
        let told = format!("publish {} {}", outgoing.routing_key, outgoing.message.text());
        self.faults.journal.write(&told);
        if self.faults.strike(Fault::PublishLost) {
            return Err(PublishError::Unconfirmed("it never arrived".into()));
        }
        self.state(|state| state.delivered.push(outgoing.clone()));
        match self.faults.strike(Fault::Delayed) {
            true => self.deliver_later(outgoing),
            // Only this tells of a message that no queue takes, or that is too large.
            false => deliver(&self.memory, outgoing).await?,
        }
        if self.faults.strike(Fault::Duplicate) {
            self.deliver_later(outgoing);
        }
        self.confirmed()
    }

    /// As RabbitMQ's retry queues do: a copy comes when the delay is over, and says how often it was tried.
    fn wait_in_retry_queue(&self, failed: Failed<'_>, delay: Duration) {
        let (broker, queue) = (self.clone(), failed.queue.to_owned());
        let mut message = failed.message.clone();
        let attempts = failed.attempts.to_string();
        message.metadata.other.insert(attribute::ATTEMPTS.to_owned(), attempts);
        self.state(|state| state.on_the_way += 1);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(delay).await;
            broker.memory.put(&queue, message);
            broker.state(|state| state.on_the_way -= 1);
        });
    }

    fn deliver_later(&self, outgoing: &Outgoing) {
        let chance = &self.faults.chance;
        let seconds = if chance.happens(0.8) { 5 } else { LATE_MAX.as_secs() };
        let late = chance.millis(1, seconds * 1_000);
        let (broker, outgoing) = (self.clone(), outgoing.clone());
        self.state(|state| state.on_the_way += 1);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(late).await;
            let _ = deliver(&broker.memory, &outgoing).await;
            broker.state(|state| state.on_the_way -= 1);
        });
    }
}

async fn deliver(memory: &MemoryBroker, outgoing: &Outgoing) -> Result<(), PublishError> {
    let mut results = memory.publish(std::slice::from_ref(outgoing)).await;
    results.pop().unwrap_or(Ok(()))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[async_trait]
impl Publisher for Broker {
    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        if let Err(error) = self.reaches().await {
            return batch.iter().map(|_| Err(error.clone())).collect();
        }
        let mut results = Vec::with_capacity(batch.len());
        for outgoing in batch {
            results.push(self.publish_one(outgoing).await);
        }
        results
    }
}

#[async_trait]
impl DeadLetters for Broker {
    async fn dead_letter(
        &self,
        queue: &str,
        message: &Message,
        reason: &str,
    ) -> Result<(), PublishError> {
        self.reaches().await?;
        if self.faults.strike(Fault::PublishLost) {
            return Err(PublishError::Unconfirmed("it never arrived".into()));
        }
        self.faults.journal.write(&format!("dead letter of {queue}: {reason}"));
        DeadLetters::dead_letter(&self.memory, queue, message, reason).await?;
        self.confirmed()
    }
}

#[async_trait]
impl Retries for Broker {
    async fn retry_later(&self, failed: Failed<'_>, delay: Duration) -> Result<(), PublishError> {
        self.reaches().await?;
        if self.faults.strike(Fault::PublishLost) {
            return Err(PublishError::Unconfirmed("it never arrived".into()));
        }
        match self.kind {
            MappingKind::Sqs => self.memory.retry_later(failed, delay).await?,
            MappingKind::AmazonMq => self.wait_in_retry_queue(failed, delay),
        }
        self.confirmed()
    }
}

#[async_trait]
impl Replies for Broker {
    async fn reply(&self, replies: &[Reply]) -> Vec<Result<(), PublishError>> {
        if let Err(error) = self.reaches().await {
            return replies.iter().map(|_| Err(error.clone())).collect();
        }
        let mut results = Vec::with_capacity(replies.len());
        for reply in replies {
            if self.faults.strike(Fault::PublishLost) {
                results.push(Err(PublishError::Unconfirmed("it never arrived".into())));
                continue;
            }
            let mut sent = self.memory.reply(std::slice::from_ref(reply)).await;
            results.push(sent.pop().unwrap_or(Ok(())).and_then(|()| self.confirmed()));
        }
        results
    }
}

impl Ports for Broker {
    fn publisher(&self) -> Arc<dyn Publisher> {
        Arc::new(self.clone())
    }

    fn dead_letters(&self) -> Arc<dyn DeadLetters> {
        Arc::new(self.clone())
    }

    fn replies(&self) -> Arc<dyn Replies> {
        Arc::new(self.clone())
    }

    fn retries(&self) -> Arc<dyn Retries> {
        Arc::new(self.clone())
    }
}
