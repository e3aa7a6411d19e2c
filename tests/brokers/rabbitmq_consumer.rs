//! Consuming from RabbitMQ, as Lambda's Amazon MQ mapping does it, while things go wrong.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use marquee_booking::topology::TICKETING_EVENTS;
use marquee_host::sources::{Stop, amazon_mq};
use marquee_lambda::consumer::Consumer;
use marquee_messaging::{
    backends::rabbitmq::{
        RabbitMq,
        lapin::{
            BasicProperties,
            options::{QueueDeclareOptions, QueueDeleteOptions},
            types::{AMQPValue, FieldTable},
        },
    },
    topology::RetryPolicy,
};
use marquee_testkit::{
    conformance::QUEUE,
    rabbitmq::{ENVIRONMENT, PlainClient, VirtualHost},
};
use tokio::{sync::watch, task::JoinHandle};

use crate::handler::Scripted;

const DEAD_LETTERS: &str = "event_service_queue_dlq";
const RETRY: RetryPolicy = RetryPolicy {
    attempts_max: 3,
    // Long enough that a slow machine does not take a wait for none.
    delay_first: Duration::from_millis(500),
    delay_max: Duration::from_secs(1),
};

/// A broker, a consumer's handler, and mappings that come and go.
struct Scene {
    rabbitmq: RabbitMq,
    client: PlainClient,
    handler: Arc<Scripted>,
    stop: watch::Sender<bool>,
    _host: VirtualHost,
}

impl Scene {
    async fn new() -> Self {
        let host = VirtualHost::create().await;
        let rabbitmq = host.undeclared();
        rabbitmq.declare_topology(ENVIRONMENT, Some(RETRY)).await.expect("declared");
        let (stop, _) = watch::channel(false);
        let client = host.client().await;
        Self { rabbitmq, client, handler: Arc::default(), stop, _host: host }
    }

    /// By hand: no metadata, every property null.
    async fn publish(&self, bodies: &[&str]) {
        for body in bodies {
            let key = "reservation.confirmed";
            self.client.publish(TICKETING_EVENTS, key, body.as_bytes()).await;
        }
    }

    /// The mapping; aborting it is what a killed function looks like to the broker.
    fn start(&self) -> JoinHandle<()> {
        let consumer = Consumer {
            queue: QUEUE,
            retry: RETRY,
            handler: self.handler.clone(),
            dead_letters: Arc::new(self.rabbitmq.clone()),
            retries: Arc::new(self.rabbitmq.clone()),
        };
        let stop = Stop::new(self.stop.subscribe());
        tokio::spawn(amazon_mq::poll(self.rabbitmq.clone(), consumer, stop))
    }

    /// A dead letter's body and reason.
    async fn dead_letter(&self) -> (Vec<u8>, String) {
        let letter = self.client.take(DEAD_LETTERS, 1).await.remove(0);
        let headers = letter.properties.headers().clone().expect("headers");
        let reason = headers.inner().get("dead-letter-reason").and_then(|r| r.as_long_string());
        (letter.data.clone(), reason.expect("a reason").to_string())
    }
}

#[tokio::test]
async fn poison_in_the_middle_of_a_batch_is_dead_lettered_untouched_and_the_others_are_done() {
    let scene = Scene::new().await;
    let bodies = ["0", "1", "2", "poison", "4", "5"];
    scene.publish(&bodies).await;
    scene.start();
    scene.handler.saw(&bodies).await;
    assert_eq!(scene.dead_letter().await, (b"poison".to_vec(), "never".to_owned()));
    // A batch that is put back comes again after half a second, and before what comes later.
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.publish(&["last"]).await;
    scene.handler.saw(&["last"]).await;
    for body in bodies {
        assert_eq!(scene.handler.count(body), 1, "{body}: poison is no reason to come again");
    }
}

#[tokio::test]
async fn a_message_that_fails_for_now_waits_its_delay_holds_up_nobody_and_ends_as_a_dead_letter() {
    let scene = Scene::new().await;
    let started = Instant::now();
    scene.publish(&["later", "behind"]).await;
    scene.start();
    scene.handler.saw(&["behind"]).await;
    assert_eq!(scene.handler.count("later"), 1, "behind did not wait for it");
    let (body, reason) = scene.dead_letter().await;
    assert!(started.elapsed() >= Duration::from_millis(1_500), "half a second, then a second");
    assert_eq!(body, b"later");
    assert_eq!(reason, "failed 3 times, at last: not now");
    assert_eq!(scene.handler.count("later"), 3);
    assert_eq!(scene.handler.count("behind"), 1);
}

#[tokio::test]
async fn a_message_whose_consumer_was_killed_after_its_work_and_before_its_ack_comes_again() {
    let scene = Scene::new().await;
    scene.handler.hang_after("work");
    let killed = scene.start();
    scene.publish(&["work"]).await;
    scene.handler.saw(&["work"]).await;
    killed.abort();
    scene.handler.stop_hanging();
    scene.start();
    scene.handler.saw_times("work", 2).await;
}

#[tokio::test]
async fn a_batch_whose_consumer_was_killed_in_the_middle_is_done_by_the_next() {
    let scene = Scene::new().await;
    let bodies: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    scene.publish(&bodies).await;
    scene.handler.hang_after("25");
    let killed = scene.start();
    scene.handler.saw(&["25"]).await;
    killed.abort();
    scene.handler.stop_hanging();
    scene.start();
    scene.handler.saw_times("25", 2).await;
    scene.handler.saw(&bodies).await;
    scene.client.publish(TICKETING_EVENTS, "reservation.confirmed", b"last").await;
    scene.handler.saw(&["last"]).await;
    assert_eq!(scene.client.depth(DEAD_LETTERS).await, 0);
}

#[tokio::test]
async fn poison_that_cannot_be_dead_lettered_stays_in_the_queue_until_it_can() {
    let scene = Scene::new().await;
    let delete = QueueDeleteOptions::default();
    scene.client.channel.queue_delete(DEAD_LETTERS.into(), delete).await.expect("deleted");
    scene.start();
    scene.publish(&["poison"]).await;
    scene.handler.saw_times("poison", 2).await;
    let plain = QueueDeclareOptions::durable();
    let declared =
        scene.client.channel.queue_declare(DEAD_LETTERS.into(), plain, FieldTable::default());
    declared.await.expect("declared");
    assert_eq!(scene.dead_letter().await.0, b"poison");
}

#[tokio::test]
async fn a_mapping_that_is_asked_to_stop_finishes_its_batch_first() {
    let scene = Scene::new().await;
    scene.handler.hang_after("a");
    let mapping = scene.start();
    scene.publish(&["a"]).await;
    scene.handler.saw(&["a"]).await;
    scene.stop.send(true).expect("a mapping listens");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!mapping.is_finished(), "it has a message in hand");
    scene.handler.stop_hanging();
    mapping.await.expect("it ends by itself");
    assert_eq!(scene.client.depth(QUEUE).await, 0, "acknowledged, not put back");
}

#[tokio::test]
async fn what_the_sender_wrote_beside_a_body_stays_with_it_through_waits_and_into_dead_letters() {
    let scene = Scene::new().await;
    let mut headers = FieldTable::default();
    headers.insert("x-tenant".into(), AMQPValue::LongString("north".into()));
    let properties = BasicProperties::default()
        .with_reply_to("member_replies_me".into())
        .with_correlation_id("question 1".into())
        .with_headers(headers);
    let key = "reservation.confirmed";
    scene.client.publish_with(TICKETING_EVENTS, key, b"later", properties).await;
    scene.start();
    let letter = scene.client.take(DEAD_LETTERS, 1).await.remove(0);
    assert_eq!(scene.handler.count("later"), 3, "after its waits");
    let seen = scene.handler.metadata_of("later");
    assert_eq!(seen.reply_to.as_deref(), Some("member_replies_me"));
    assert_eq!(seen.correlation_id.as_deref(), Some("question 1"));
    assert_eq!(seen.other.get("x-tenant").map(String::as_str), Some("north"));
    let dead_lettered = &letter.properties;
    let text = |value: &Option<_>| value.as_ref().map(ToString::to_string);
    assert_eq!(text(dead_lettered.reply_to()).as_deref(), Some("member_replies_me"));
    assert_eq!(text(dead_lettered.correlation_id()).as_deref(), Some("question 1"));
    let headers = dead_lettered.headers().clone().expect("headers");
    let tenant = headers.inner().get("x-tenant").and_then(|tenant| tenant.as_long_string());
    assert_eq!(tenant.map(ToString::to_string).as_deref(), Some("north"));
}
