//! The in-process broker: what every backend does, and its retry, delay and dead-letter rules.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use async_trait::async_trait;
use marquee_messaging::{
    backends::memory::{Delivery, MemoryBroker},
    message::Message,
    publisher::{DeadLetters, Failed, PublishError, Publisher, Retries},
};
use marquee_testkit::conformance::{self, Backend, InHand, Mapping, QUEUE, routed};
use tokio::time::{Instant, timeout};

fn broker() -> MemoryBroker {
    MemoryBroker::new(marquee_contexts::topology(), 3)
}

async fn publish(broker: &MemoryBroker, body: &str) {
    assert_eq!(broker.publish(&[routed(body)]).await, [Ok(())]);
}

#[tokio::test]
async fn conforms() {
    conformance::results_are_per_message_and_in_order(&broker()).await;
    conformance::oversized_payloads_are_refused_with_their_size(&broker()).await;
    conformance::text_that_no_broker_carries_is_refused(&broker()).await;
    conformance::an_empty_batch_has_no_results(&broker()).await;
    conformance::dead_lettering_for_an_unknown_queue_is_an_error(&broker()).await;
}

/// Lambda's mapping in the test's hands.
struct ByHand {
    broker: MemoryBroker,
    in_hand: Mutex<HashMap<String, Delivery>>,
}

impl ByHand {
    fn take(&self, in_hand: &InHand) -> Delivery {
        let taken = self.in_hand.lock().expect("not poisoned").remove(&in_hand.receipt);
        taken.expect("it is in hand")
    }
}

#[async_trait]
impl Mapping for ByHand {
    async fn receive(&self) -> InHand {
        let delivery = self.broker.receive(QUEUE, 1).await.remove(0);
        let (message, attempt) = (delivery.message().clone(), delivery.attempt());
        let receipt = delivery.receipt();
        self.in_hand.lock().expect("not poisoned").insert(receipt.clone(), delivery);
        InHand { message, attempt, receipt }
    }

    async fn done(&self, in_hand: InHand) {
        self.take(&in_hand).done();
    }

    async fn retried(&self, in_hand: InHand) {
        self.take(&in_hand).failed();
    }

    async fn dead_letter(&self) -> (Message, String) {
        let dead = self.broker.dead_letters(QUEUE).remove(0);
        (dead.message, dead.reason)
    }

    async fn reply(&self, queue: &str) -> Message {
        self.broker.take_replies(queue).remove(0)
    }
}

#[tokio::test]
async fn settling_conforms() {
    let broker = broker();
    let mapping = ByHand { broker: broker.clone(), in_hand: Mutex::default() };
    let backend = Backend {
        publisher: &broker,
        dead_letters: &broker,
        retries: &broker,
        replies: &broker,
        mapping: &mapping,
    };
    conformance::a_message_that_failed_for_now_comes_again_after_its_delay(&backend).await;
    conformance::a_dead_letter_keeps_what_it_was_and_has_the_reason(&backend).await;
    conformance::replies_reach_their_queues_and_no_working_queue(&backend, "member_replies").await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_waits_does_not_hold_up_the_next() {
    let broker = broker();
    publish(&broker, "slow").await;
    let start = Instant::now();
    for delivery in broker.receive(QUEUE, 1).await {
        assert_eq!(delivery.attempt(), 1);
        let (message, receipt) = (delivery.message().clone(), delivery.receipt());
        let failed = Failed { queue: QUEUE, message: &message, attempts: 1, receipt: &receipt };
        broker.retry_later(failed, Duration::from_secs(1)).await.expect("delayed");
        delivery.failed();
    }
    publish(&broker, "quick").await;
    let next = broker.receive(QUEUE, 1).await;
    assert_eq!(next[0].message().text(), "quick");
    assert_eq!(start.elapsed(), Duration::ZERO);
    let again = broker.receive(QUEUE, 1).await;
    assert_eq!((&*again[0].message().text(), again[0].attempt()), ("slow", 2));
    assert_eq!(start.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_is_never_settled_comes_again_and_is_a_dead_letter_after_the_twelfth() {
    let broker = broker();
    publish(&broker, "a").await;
    for attempt in 1..=12 {
        let again = broker.receive(QUEUE, 1).await;
        assert_eq!(again[0].attempt(), attempt);
    }
    let dead = broker.dead_letters(QUEUE);
    assert_eq!(dead[0].message.text(), "a");
    assert!(dead[0].reason.contains("12 times, and never settled"), "{}", dead[0].reason);
    assert!(timeout(Duration::from_secs(60), broker.receive(QUEUE, 1)).await.is_err());
    assert!(!broker.is_empty(), "a dead letter is not dealt with");
}

#[tokio::test]
async fn a_full_queue_refuses_and_says_that_it_may_be_tried_again() {
    let broker = broker();
    for body in ["a", "b", "c"] {
        publish(&broker, body).await;
    }
    let refused = broker.publish(&[routed("d")]).await;
    assert!(matches!(refused[..], [Err(PublishError::Unconfirmed(_))]), "{refused:?}");
}

#[tokio::test]
async fn dead_letters_can_be_put_back() {
    let broker = broker();
    broker.dead_letter(QUEUE, &routed("a").message, "never").await.expect("dead-lettered");
    assert_eq!(broker.redrive(QUEUE), 1);
    let delivery = broker.receive(QUEUE, 10).await.pop().expect("a delivery");
    assert_eq!((&*delivery.message().text(), delivery.attempt()), ("a", 1));
    delivery.done();
    assert!(broker.is_empty());
}
