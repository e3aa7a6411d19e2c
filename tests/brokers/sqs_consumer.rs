//! Consuming from SQS, as Lambda's mapping does it, while things go wrong.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use marquee_lambda::consumer::Consumer;
use marquee_messaging::{publisher::Publisher, topology::RetryPolicy};
use marquee_testkit::{
    conformance::{QUEUE, routed},
    sqs::SqsStack,
};

use crate::handler::Scripted;

const RETRY: RetryPolicy = RetryPolicy {
    attempts_max: 3,
    delay_first: Duration::from_secs(1),
    delay_max: Duration::from_secs(1),
};

struct Scene {
    stack: SqsStack,
    handler: Arc<Scripted>,
    consumer: Consumer,
}

impl Scene {
    async fn new() -> Self {
        let stack = SqsStack::create(QUEUE, 5).await;
        let handler = Arc::new(Scripted::default());
        let consumer = Consumer {
            queue: QUEUE,
            retry: RETRY,
            handler: handler.clone(),
            dead_letters: Arc::new(stack.queues()),
            retries: Arc::new(stack.queues()),
        };
        Self { stack, handler, consumer }
    }

    /// Consumes until the queue has given nothing for as long as a message can be invisible.
    async fn drain(&self) {
        let mut quiet = 0;
        while quiet < 7 {
            quiet = if self.stack.poll(&self.consumer).await == 0 { quiet + 1 } else { 0 };
        }
    }
}

#[tokio::test]
async fn poison_in_the_middle_of_a_batch_is_dead_lettered_untouched_and_the_others_are_done() {
    let scene = Scene::new().await;
    let bodies = ["0", "1", "2", "poison", "4", "5"];
    for body in bodies {
        scene.stack.send(body).await;
    }
    scene.drain().await;
    assert_eq!(scene.stack.dead_letters(1).await, [("poison".into(), "never".into())]);
    for body in bodies {
        assert_eq!(scene.handler.count(body), 1, "{body}");
    }
}

#[tokio::test]
async fn a_message_that_fails_for_now_waits_its_delay_holds_up_nobody_and_ends_as_a_dead_letter() {
    let scene = Scene::new().await;
    let started = Instant::now();
    scene.stack.send("later").await;
    scene.stack.send("behind").await;
    scene.drain().await;
    let reason = "failed 3 times, at last: not now".to_owned();
    assert_eq!(scene.stack.dead_letters(1).await, [("later".to_owned(), reason)]);
    assert!(started.elapsed() >= Duration::from_secs(2), "a second, twice");
    assert_eq!((scene.handler.count("later"), scene.handler.count("behind")), (3, 1));
}

#[tokio::test]
async fn a_batch_whose_consumer_was_killed_in_the_middle_comes_again() {
    let scene = Scene::new().await;
    for body in ["a", "b", "c"] {
        scene.stack.send(body).await;
    }
    scene.handler.hang_after("b");
    tokio::select! {
        _ = async { loop { scene.stack.poll(&scene.consumer).await; } } => {}
        () = scene.handler.saw(&["b"]) => {}
    }
    scene.handler.stop_hanging();
    scene.drain().await;
    scene.handler.saw_times("b", 2).await;
    scene.handler.saw(&["a", "b", "c"]).await;
}

#[tokio::test]
async fn a_published_message_arrives_with_its_metadata_and_one_that_nobody_wants_does_not() {
    let scene = Scene::new().await;
    assert_eq!(scene.stack.publisher().publish(&[routed("through the topic")]).await, [Ok(())]);
    let topic = format!("{}ticketing_events", scene.stack.topic_arn_prefix);
    let by_hand = scene.stack.sns.publish().topic_arn(topic).message("no routing key");
    by_hand.send().await.expect("SNS takes it");
    scene.drain().await;
    assert_eq!(scene.handler.count("through the topic"), 1);
    assert_eq!(scene.handler.count("no routing key"), 0, "the filter policy");
    let id = scene.handler.id_of("through the topic");
    assert_eq!(id, routed("").message.metadata.id);
}
