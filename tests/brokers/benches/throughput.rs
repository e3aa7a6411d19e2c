//! `cargo bench -p brokers`: what our rules cost on RabbitMQ, beside a bare lapin on the same broker
//! in the same run. Absolute figures are the machine's; the ratios are ours.
//!
//! Needs `AMQP_URL` and `RABBITMQ_MANAGEMENT_URL`, as `localstack/rabbitmq up DIR` leaves in `DIR/env`.

// Printing is what it is for.
#![allow(clippy::print_stdout)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures_util::{StreamExt, future::join_all};
use marquee_booking::topology::TICKETING_EVENTS;
use marquee_host::sources::{Stop, amazon_mq};
use marquee_lambda::consumer::{Consumer, MessageHandler, Outcome};
use marquee_messaging::{
    backends::rabbitmq::lapin::{
        BasicProperties, Channel,
        options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions},
        types::FieldTable,
    },
    message::Message,
    publisher::{Outgoing, Publisher},
    topology::RetryPolicy,
};
use marquee_testkit::{
    conformance::{QUEUE, routed},
    rabbitmq::VirtualHost,
};
use tokio::sync::watch;

const MESSAGES: usize = 10_000;
const BATCH: usize = 100;
const ROUNDS: usize = 5;
const KEY: &str = "reservation.confirmed";

#[tokio::main]
async fn main() {
    let body = "x".repeat(500);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(round(&body).await);
    }
    println!("{MESSAGES} messages of 500 bytes a round, {ROUNDS} rounds, batches of {BATCH}");
    println!("messages/s (median)      bare lapin      ours    ours / lapin");
    for (n, what) in ["publish, confirmed", "consume, settled"].iter().enumerate() {
        let mut bare: Vec<_> = rounds.iter().map(|round| round[2 * n]).collect();
        let mut ours: Vec<_> = rounds.iter().map(|round| round[2 * n + 1]).collect();
        bare.sort_by(f64::total_cmp);
        ours.sort_by(f64::total_cmp);
        let (bare, ours) = (bare[ROUNDS / 2], ours[ROUNDS / 2]);
        println!("{what:22}{bare:14.0}{ours:10.0}{:14.2}", ours / bare);
    }
}

/// Messages a second: bare and ours publishing, bare and ours consuming.
async fn round(body: &str) -> [f64; 4] {
    let host = VirtualHost::create().await;
    let rabbitmq = host.rabbitmq().await;
    let client = host.client().await;
    let bare_publish = rate(publish_bare(&client.channel, body)).await;
    let bare_consume = rate(consume_bare(&client.channel)).await;

    let batch: Vec<Outgoing> = (0..BATCH).map(|_| routed(body)).collect();
    let ours_publish = rate(async {
        for _ in 0..MESSAGES / BATCH {
            let results = rabbitmq.publish(&batch).await;
            assert!(results.iter().all(Result::is_ok), "{results:?}");
        }
    })
    .await;
    let handler = Arc::new(Count::default());
    let (stop, stopped) = watch::channel(false);
    let consumer = Consumer {
        queue: QUEUE,
        retry: RetryPolicy::STANDARD,
        handler: handler.clone(),
        dead_letters: Arc::new(rabbitmq.clone()),
        retries: Arc::new(rabbitmq.clone()),
    };
    let ours_consume = rate(async {
        let mapping = tokio::spawn(amazon_mq::poll(rabbitmq, consumer, Stop::new(stopped)));
        while handler.0.load(Ordering::SeqCst) < MESSAGES {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let _ = stop.send(true);
        mapping.await.expect("the mapping ends");
    })
    .await;
    [bare_publish, ours_publish, bare_consume, ours_consume]
}

async fn rate(work: impl Future<Output = ()>) -> f64 {
    let started = Instant::now();
    work.await;
    MESSAGES as f64 / started.elapsed().as_secs_f64()
}

/// As much at once as ours, mandatory and confirmed, with nothing beside the body.
async fn publish_bare(channel: &Channel, body: &str) {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    for _ in 0..MESSAGES / BATCH {
        let mut confirms = Vec::with_capacity(BATCH);
        for _ in 0..BATCH {
            let properties = BasicProperties::default().with_delivery_mode(2);
            let (exchange, key) = (TICKETING_EVENTS.into(), KEY.into());
            let sent = channel.basic_publish(exchange, key, options, body.as_bytes(), properties);
            confirms.push(sent.await.expect("sent"));
        }
        for confirmed in join_all(confirms).await {
            assert!(confirmed.expect("an answer").is_ack());
        }
    }
}

async fn consume_bare(channel: &Channel) {
    let prefetch = u16::try_from(BATCH).expect("small");
    channel.basic_qos(prefetch, BasicQosOptions::default()).await.expect("qos");
    let options = BasicConsumeOptions::default();
    let consumer =
        channel.basic_consume(QUEUE.into(), "bare".into(), options, FieldTable::default());
    let mut consumer = consumer.await.expect("a consumer");
    for n in 1..=MESSAGES {
        let delivery = consumer.next().await.expect("a delivery").expect("a message");
        if n % BATCH == 0 {
            delivery.ack(BasicAckOptions { multiple: true }).await.expect("acknowledged");
        }
    }
    channel.basic_cancel("bare".into(), Default::default()).await.expect("cancelled");
}

#[derive(Debug, Default)]
struct Count(AtomicUsize);

#[async_trait]
impl MessageHandler for Count {
    async fn handle(&self, _: &Message) -> Outcome {
        self.0.fetch_add(1, Ordering::SeqCst);
        Outcome::Done
    }
}
