//! The in-process broker: what every backend does, and its retry, delay and dead-letter rules.

use std::time::Duration;

use marquee_messaging::{
    backends::memory::MemoryBroker,
    publisher::{DeadLetters, PublishError, Publisher},
    topology::RetryPolicy,
};
use marquee_testkit::conformance::{self, QUEUE, routed};
use tokio::time::{Instant, timeout};

const RETRY: RetryPolicy = RetryPolicy {
    attempts_max: 3,
    delay_first: Duration::from_secs(1),
    delay_max: Duration::from_secs(10),
};

fn broker() -> MemoryBroker {
    MemoryBroker::new(3, Some(RETRY))
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
    conformance::parking_for_an_unknown_queue_is_an_error(&broker()).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_message_comes_again_after_its_delay_and_does_not_hold_up_the_next() {
    let broker = broker();
    publish(&broker, "slow").await;
    let start = Instant::now();
    for delivery in broker.receive(QUEUE, 1).await {
        assert_eq!(delivery.attempt(), 1);
        delivery.retry_later("not now");
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
async fn after_the_last_attempt_it_is_a_dead_letter_with_the_reason() {
    let broker = broker();
    publish(&broker, "a").await;
    for _ in 0..RETRY.attempts_max {
        for delivery in broker.receive(QUEUE, 1).await {
            delivery.retry_later("still not");
        }
    }
    let dead = broker.dead_letters(QUEUE);
    assert_eq!(dead[0].message.text(), "a");
    assert!(dead[0].reason.contains("still not"), "{}", dead[0].reason);
    assert!(timeout(Duration::from_secs(60), broker.receive(QUEUE, 1)).await.is_err());
    assert!(!broker.is_empty(), "a dead letter is not dealt with");
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_is_never_settled_comes_again() {
    let broker = broker();
    publish(&broker, "a").await;
    drop(broker.receive(QUEUE, 1).await);
    let again = broker.receive(QUEUE, 1).await;
    assert_eq!(again[0].attempt(), 2);
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
    broker.park(QUEUE, &routed("a").message, "never").await.expect("parked");
    assert_eq!(broker.redrive(QUEUE), 1);
    let delivery = broker.receive(QUEUE, 10).await.pop().expect("a delivery");
    assert_eq!((&*delivery.message().text(), delivery.attempt()), ("a", 1));
    delivery.done();
    assert!(broker.is_empty());
}
