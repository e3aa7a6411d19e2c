//! The in-process broker: routes, keeps and delays messages as SQS does. Who consumes them decides
//! about retries.
//!
//! Nothing is kept on disk. Whoever runs it must be able to publish again what was lost with the
//! process; the host does so from the tables' streams.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use serde::Serialize;
use tokio::{sync::Notify, time::Instant};

use crate::{
    message::Message,
    publisher::{DeadLetters, Failed, Outgoing, PublishError, Publisher, Replies, Reply, Retries},
    topology::{RELAY_OUTBOX, Topology},
};

#[derive(Clone, Debug)]
pub struct MemoryBroker {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    topology: Topology,
    queues: HashMap<&'static str, Mutex<QueueState>>,
    /// Replies that wait to be fetched, by the queue's name.
    replies: Mutex<HashMap<String, VecDeque<Message>>>,
    arrivals: Notify,
    queue_len_max: usize,
}

#[derive(Debug, Default)]
struct QueueState {
    ready: VecDeque<Stored>,
    delayed: BTreeMap<(Instant, u64), Stored>,
    /// Messages that were handed out, by their receipts, and when those come again that are delayed.
    in_flight: HashMap<u64, Option<Instant>>,
    dead: Vec<DeadLetter>,
    sequence: u64,
}

#[derive(Clone, Debug, Default)]
struct Stored {
    message: Message,
    attempts: u32,
    /// Deliveries that were neither done nor delayed.
    unsettled: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    pub message: Message,
    pub reason: String,
}

/// How many messages a queue has, by what they wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QueueDepth {
    pub ready: usize,
    pub delayed: usize,
    pub in_flight: usize,
    pub dead: usize,
}

/// A message handed out. Settling consumes it; one dropped unsettled, because whoever had it
/// failed, is tried again.
#[derive(Debug)]
pub struct Delivery {
    shared: Arc<Shared>,
    queue: &'static str,
    receipt: u64,
    stored: Stored,
    settled: bool,
}

/// When a message comes again that its consumer left unsettled.
const VISIBILITY_TIMEOUT: Duration = Duration::from_secs(30);
/// After as many deliveries that were left unsettled, a message is a dead letter: it may be what ends
/// its consumer each time.
const UNSETTLED_MAX: u32 = 12;

impl MemoryBroker {
    /// A full queue refuses messages.
    pub fn new(topology: Topology, queue_len_max: usize) -> Self {
        let queues = topology.queues().map(|queue| queue.name).chain([RELAY_OUTBOX]);
        let queues = queues.map(|queue| (queue, Mutex::default())).collect();
        let (replies, arrivals) = (Mutex::default(), Notify::new());
        Self { shared: Arc::new(Shared { topology, queues, replies, arrivals, queue_len_max }) }
    }

    /// Waits until `queue` has something due and hands out up to `batch_len_max` messages.
    pub async fn receive(&self, queue: &'static str, batch_len_max: usize) -> Vec<Delivery> {
        loop {
            let arrival = self.shared.arrivals.notified();
            tokio::pin!(arrival);
            // Registered before looking, so that an arrival in between is not missed.
            arrival.as_mut().enable();
            let (batch, next_due) = self.shared.take_due(queue, batch_len_max);
            if !batch.is_empty() {
                return batch;
            }
            match next_due {
                Some(due) => tokio::select! {
                    () = arrival => {}
                    () = tokio::time::sleep_until(due) => {}
                },
                None => arrival.await,
            }
        }
    }

    /// Puts a message straight into a queue, as RabbitMQ's default exchange does.
    pub fn put(&self, queue: &str, message: Message) {
        if let Some(mut state) = self.shared.lock(queue) {
            state.ready.push_back(Stored { message, ..Stored::default() });
        }
        self.shared.arrivals.notify_waiters();
    }

    pub fn depth(&self, queue: &str) -> QueueDepth {
        self.shared.lock(queue).map(|state| state.depth()).unwrap_or_default()
    }

    /// Nothing waits anywhere, dead letters included: all that was published is settled.
    pub fn is_empty(&self) -> bool {
        self.shared.queues.keys().all(|queue| self.depth(queue) == QueueDepth::default())
    }

    pub fn dead_letters(&self, queue: &str) -> Vec<DeadLetter> {
        self.shared.lock(queue).map(|state| state.dead.clone()).unwrap_or_default()
    }

    /// Takes the replies that wait in a reply queue.
    pub fn take_replies(&self, queue: &str) -> Vec<Message> {
        self.shared.replies().remove(queue).map(Vec::from).unwrap_or_default()
    }

    /// Puts the dead letters of `queue` back into it, with all attempts ahead of them again, and
    /// says how many there were.
    pub fn redrive(&self, queue: &str) -> usize {
        let Some(mut state) = self.shared.lock(queue) else { return 0 };
        let dead = mem::take(&mut state.dead);
        let count = dead.len();
        state
            .ready
            .extend(dead.into_iter().map(|d| Stored { message: d.message, ..Stored::default() }));
        drop(state);
        self.shared.arrivals.notify_waiters();
        count
    }
}

impl Shared {
    fn lock(&self, queue: &str) -> Option<MutexGuard<'_, QueueState>> {
        // A panic elsewhere leaves a queue's state whole: every change to it is a single step.
        self.queues.get(queue).map(|state| state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn replies(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Message>>> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_due(
        self: &Arc<Self>,
        queue: &'static str,
        batch_len_max: usize,
    ) -> (Vec<Delivery>, Option<Instant>) {
        let Some(mut state) = self.lock(queue) else { return (Vec::new(), None) };
        let later = state.delayed.split_off(&(Instant::now(), u64::MAX));
        let due = mem::replace(&mut state.delayed, later);
        state.ready.extend(due.into_values());
        let count = state.ready.len().min(batch_len_max);
        let taken: Vec<_> = state.ready.drain(..count).collect();
        let hand_out = |stored| {
            let receipt = state.next_number();
            state.in_flight.insert(receipt, None);
            Delivery { shared: Arc::clone(self), queue, receipt, stored, settled: false }
        };
        let batch = taken.into_iter().map(hand_out).collect();
        let next_due = state.delayed.keys().next().map(|(due, _)| *due);
        (batch, next_due)
    }

    fn deliver(&self, outgoing: &Outgoing) -> Result<(), PublishError> {
        outgoing.check_body()?;
        let Outgoing { exchange, routing_key, message } = outgoing;
        let mut unroutable = true;
        for queue in self.topology.routes(exchange, routing_key) {
            unroutable = false;
            let Some(mut state) = self.lock(queue.name) else { continue };
            if state.ready.len() + state.delayed.len() >= self.queue_len_max {
                return Err(PublishError::Unconfirmed(format!("queue {} is full", queue.name)));
            }
            state.ready.push_back(Stored { message: message.clone(), ..Stored::default() });
        }
        match unroutable {
            true => Err(outgoing.unroutable()),
            false => Ok(()),
        }
    }
}

impl QueueState {
    fn next_number(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    fn depth(&self) -> QueueDepth {
        QueueDepth {
            ready: self.ready.len(),
            delayed: self.delayed.len(),
            in_flight: self.in_flight.len(),
            dead: self.dead.len(),
        }
    }

    /// Has a message come again that was handed out.
    fn failed(&mut self, receipt: u64, mut stored: Stored) {
        let delayed = self.in_flight.remove(&receipt).flatten();
        if delayed.is_none() {
            stored.unsettled += 1;
        }
        if stored.unsettled >= UNSETTLED_MAX {
            let reason = format!("delivered {UNSETTLED_MAX} times, and never settled");
            self.dead.push(DeadLetter { message: stored.message, reason });
            return;
        }
        let again = delayed.unwrap_or_else(|| Instant::now() + VISIBILITY_TIMEOUT);
        let number = self.next_number();
        self.delayed.insert((again, number), stored);
    }
}

impl Delivery {
    pub fn message(&self) -> &Message {
        &self.stored.message
    }

    /// Which attempt this is, counted from 1.
    pub fn attempt(&self) -> u32 {
        self.stored.attempts + 1
    }

    /// What [`Retries`] knows it by.
    pub fn receipt(&self) -> String {
        self.receipt.to_string()
    }

    pub fn done(mut self) {
        self.settle(|state, receipt, _| {
            state.in_flight.remove(&receipt);
        });
    }

    /// It comes again: after the delay that was asked for, or after a while.
    pub fn failed(mut self) {
        self.settle(QueueState::failed);
    }

    fn settle(&mut self, how: impl FnOnce(&mut QueueState, u64, Stored)) {
        if mem::replace(&mut self.settled, true) {
            return;
        }
        let attempts = self.attempt();
        let stored = Stored { attempts, ..mem::take(&mut self.stored) };
        if let Some(mut state) = self.shared.lock(self.queue) {
            how(&mut state, self.receipt, stored);
        }
        self.shared.arrivals.notify_waiters();
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.settle(QueueState::failed);
    }
}

#[async_trait]
impl Publisher for MemoryBroker {
    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        let results = batch.iter().map(|outgoing| self.shared.deliver(outgoing)).collect();
        self.shared.arrivals.notify_waiters();
        results
    }
}

#[async_trait]
impl DeadLetters for MemoryBroker {
    async fn dead_letter(
        &self,
        queue: &str,
        message: &Message,
        reason: &str,
    ) -> Result<(), PublishError> {
        let mut state = self
            .shared
            .lock(queue)
            .ok_or_else(|| PublishError::Unconfirmed(format!("there is no queue {queue}")))?;
        state.dead.push(DeadLetter { message: message.clone(), reason: reason.to_owned() });
        Ok(())
    }
}

/// The message stays in its queue, in flight until the delay is over.
#[async_trait]
impl Retries for MemoryBroker {
    async fn retry_later(&self, failed: Failed<'_>, delay: Duration) -> Result<(), PublishError> {
        let mut state = self.shared.lock(failed.queue);
        let again = state.as_mut().zip(failed.receipt.parse().ok());
        let again = again.and_then(|(state, receipt)| state.in_flight.get_mut(&receipt));
        let gone = || PublishError::Unconfirmed(format!("{} is not in flight", failed.receipt));
        *again.ok_or_else(gone)? = Some(Instant::now() + delay);
        Ok(())
    }
}

/// Any name that begins like one of the topology's is a reply queue, as it is on AWS, and holds what
/// fits.
#[async_trait]
impl Replies for MemoryBroker {
    async fn reply(&self, replies: &[Reply]) -> Vec<Result<(), PublishError>> {
        let mut queues = self.shared.replies();
        let deliver = |Reply { to, message }: &Reply| {
            if !self.shared.topology.is_named_for_replies(to) {
                return Err(Reply::nowhere(to));
            }
            let queue = queues.entry(to.clone()).or_default();
            if queue.len() >= self.shared.queue_len_max {
                queue.pop_front();
            }
            queue.push_back(message.clone());
            Ok(())
        };
        replies.iter().map(deliver).collect()
    }
}
