//! Lambda's mappings of queues. SQS: several batches at once, of which each message comes again that is not said
//! to be done. Amazon MQ: one batch at a time, which comes again whole.

use std::{cell::Cell, rc::Rc, sync::Arc, time::Duration};

use marquee_host::sources::queue::{event, failures, settle};
use marquee_lambda::consumer::consume;
use marquee_messaging::backends::memory::{Delivery, MemoryBroker};

use crate::{
    aws::{MappingKind, amazon_mq, lambda::Lambda},
    faults::Faults,
    journal::acting,
    mix::Fault,
};

/// As Lambda's default for SQS.
const BATCH_LEN_MAX: usize = 10;
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct Mapping {
    pub queue: &'static str,
    pub kind: MappingKind,
    /// How long a batch waits for more.
    pub window: Duration,
    pub broker: MemoryBroker,
    pub lambda: Rc<Lambda>,
    pub faults: Faults,
    /// Batches that are being handled, of all queues.
    pub busy: Rc<Cell<usize>>,
}

/// A batch that is in hand, until this is dropped: also with a mapping that is taken down.
struct InHand(Rc<Cell<usize>>);

impl InHand {
    fn new(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(Rc::clone(count))
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Mapping {
    /// Polls for ever.
    pub async fn run(self, at_once: usize) {
        let at_once = if self.kind == MappingKind::Sqs { at_once } else { 1 };
        let turns = Arc::new(tokio::sync::Semaphore::new(at_once));
        loop {
            let turn = Arc::clone(&turns).acquire_owned().await;
            let len = 1 + self.faults.chance.below(BATCH_LEN_MAX);
            let mut batch = self.broker.receive(self.queue, len).await;
            let in_hand = InHand::new(&self.busy);
            if batch.len() < len && !self.window.is_zero() {
                batch.extend(self.more(len - batch.len()).await);
            }
            let mapping = self.clone();
            tokio::task::spawn_local(async move {
                acting(format!("on {}", mapping.queue), mapping.handle(batch)).await;
                drop((turn, in_hand));
            });
        }
    }

    /// What comes within the batch's window.
    async fn more(&self, len: usize) -> Vec<Delivery> {
        let more = self.broker.receive(self.queue, len);
        tokio::time::timeout(self.window, more).await.unwrap_or_default()
    }

    /// A batch that is dropped comes again after its visibility time-out.
    async fn handle(&self, batch: Vec<Delivery>) {
        let queue = self.queue;
        let event = match self.kind {
            MappingKind::Sqs => event(queue, &batch),
            MappingKind::AmazonMq => amazon_mq::event(queue, &batch),
        };
        let name = format!("on {queue}");
        let answer = self.lambda.invoke(&name, TIMEOUT, |environment| async move {
            let mut consumers = environment.functions.consumers.iter();
            let consumer = consumers.find(|consumer| consumer.queue == queue).expect("a consumer");
            consume(consumer, event).await.ok()
        });
        let Some(answer) = answer.await.flatten() else { return };
        if self.faults.strike(Fault::ResultLost) {
            return;
        }
        let failed = failures(&answer);
        let told = format!("{queue}: {} done, {} not", batch.len() - failed.len(), failed.len());
        self.faults.journal.write(&told);
        settle(batch, &failed);
    }
}
