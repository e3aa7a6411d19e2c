//! A queue of the in-process broker from message to dead letter, by the mapping that the host has for it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use marquee_host::sources::{Stop, queue::poll};
use marquee_lambda::consumer::{Consumer, MessageHandler, Outcome};
use marquee_messaging::{
    backends::memory::MemoryBroker, message::Message, publisher::Publisher, topology::RetryPolicy,
};
use marquee_testkit::conformance::{QUEUE, routed};
use tokio::{sync::watch, time::Instant};

const RETRY: RetryPolicy = RetryPolicy {
    attempts_max: 3,
    delay_first: Duration::from_secs(1),
    delay_max: Duration::from_secs(10),
};

/// Fails for now, each time.
#[derive(Clone, Debug, Default)]
struct Failing(Arc<Mutex<Vec<Instant>>>);

#[async_trait]
impl MessageHandler for Failing {
    async fn handle(&self, _: &Message) -> Outcome {
        self.0.lock().expect("not poisoned").push(Instant::now());
        Outcome::RetryLater("still not".into())
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_now_comes_after_its_delays_and_is_a_dead_letter_with_the_reason_at_last() {
    let broker = MemoryBroker::new(marquee_contexts::topology(), 100);
    let failing = Failing::default();
    let consumer = Consumer {
        queue: QUEUE,
        retry: RETRY,
        handler: Arc::new(failing.clone()),
        dead_letters: Arc::new(broker.clone()),
        retries: Arc::new(broker.clone()),
    };
    let (_stop, stopped) = watch::channel(false);
    let polling = tokio::spawn(poll(broker.clone(), consumer, Stop::new(stopped)));
    assert_eq!(broker.publish(&[routed("a")]).await, [Ok(())]);
    tokio::time::sleep(Duration::from_secs(60)).await;
    polling.abort();

    let tries = failing.0.lock().expect("not poisoned").clone();
    let waits = tries.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs());
    assert_eq!(waits.collect::<Vec<_>>(), [1, 2]);
    let dead = broker.dead_letters(QUEUE);
    assert_eq!(dead[0].message.text(), "a");
    assert_eq!(dead[0].reason, "failed 3 times, at last: still not");
}
