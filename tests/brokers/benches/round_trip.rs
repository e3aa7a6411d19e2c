//! `cargo bench -p brokers --bench round_trip`: how long a question and its answer take on RabbitMQ,
//! beside a bare lapin that echoes on the same broker in the same run. Absolute figures are the
//! machine's; the ratio is ours.
//!
//! Needs `AMQP_URL` and `RABBITMQ_MANAGEMENT_URL`, as `localstack/rabbitmq up DIR` leaves in `DIR/env`.

// Printing is what it is for.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use marquee_host::{
    Host,
    members::{MembersRequest, rabbitmq::MembersClient},
    settings::Settings,
};
use marquee_messaging::backends::rabbitmq::lapin::{
    BasicProperties, Channel, Consumer,
    options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions},
    types::FieldTable,
};
use marquee_testkit::rabbitmq::VirtualHost;
use tokio::time::timeout;
use uuid::Uuid;

const ROUNDS: usize = 5;
const QUESTIONS: usize = 200;
const TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() {
    let broker = VirtualHost::create().await;
    let mut settings = Settings::from_env().expect("settings");
    settings.amqp_url = Some(broker.url.clone());
    let host = Host::start(settings).await.expect("a host");
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(bare_round(&broker).await);
        ours.push(our_round(&broker).await);
    }
    let (bare, ours) = (median(bare), median(ours));
    println!("one question at a time, {QUESTIONS} a round, median of medians of {ROUNDS} rounds");
    println!("bare lapin echo {bare:8.2} ms");
    println!("Get Seat Number {ours:8.2} ms");
    println!("ratio           {:8.2}", ours / bare);
    host.stop().await;
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

async fn our_round(broker: &VirtualHost) -> f64 {
    let mut client = MembersClient::open(&broker.url).await.expect("a client");
    let save = MembersRequest::Save { member: "M".into(), seat: "S".into(), replaces: None };
    client.ask(&save, TIMEOUT).await.expect("an answer");
    let get = MembersRequest::Get { member: "M".into() };
    let mut took = Vec::with_capacity(QUESTIONS);
    for _ in 0..QUESTIONS {
        let asked = Instant::now();
        let answer = client.ask(&get, TIMEOUT).await.expect("an answer");
        took.push(millis(asked));
        assert_eq!(answer["label"], "Seat Number");
    }
    median(took)
}

/// Asker and responder with a connection each, and nothing between them but the broker.
async fn bare_round(broker: &VirtualHost) -> f64 {
    let (asker, responder) = (broker.client().await, broker.client().await);
    // One that an earlier round still consumes would share the questions with it.
    let echo_queue = Uuid::new_v4().to_string();
    let options = QueueDeclareOptions::durable();
    let declared = responder.channel.queue_declare(echo_queue.as_str().into(), options, quorum());
    declared.await.expect("a queue");
    let requests = consume(&responder.channel, &echo_queue, false).await;
    let echoing = tokio::spawn(echo(responder.channel.clone(), requests));
    let own = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let replies = asker.channel.queue_declare("".into(), own, FieldTable::default()).await;
    let reply_to = replies.expect("a queue").name().to_string();
    let mut answers = consume(&asker.channel, &reply_to, true).await;
    let mut took = Vec::with_capacity(QUESTIONS);
    for _ in 0..QUESTIONS {
        let asked = Instant::now();
        let properties = BasicProperties::default()
            .with_reply_to(reply_to.as_str().into())
            .with_delivery_mode(2);
        asker.publish_with("", &echo_queue, b"{\"member_id\":\"M\"}", properties).await;
        timeout(TIMEOUT, answers.next()).await.expect("in time").expect("one").expect("an answer");
        took.push(millis(asked));
    }
    echoing.abort();
    median(took)
}

/// As ours are.
fn quorum() -> FieldTable {
    use marquee_messaging::backends::rabbitmq::lapin::types::AMQPValue;
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments
}

async fn consume(channel: &Channel, queue: &str, no_ack: bool) -> Consumer {
    let options = BasicConsumeOptions { no_ack, ..BasicConsumeOptions::default() };
    let consuming = channel.basic_consume(queue.into(), "".into(), options, FieldTable::default());
    consuming.await.expect("a consumer")
}

async fn echo(channel: Channel, mut requests: Consumer) {
    while let Some(Ok(request)) = requests.next().await {
        let reply_to = request.properties.reply_to().clone().expect("a queue");
        let options = BasicPublishOptions::default();
        let properties = BasicProperties::default();
        let sent = channel.basic_publish("".into(), reply_to, options, &request.data, properties);
        sent.await.expect("sent");
        request.ack(BasicAckOptions::default()).await.expect("acknowledged");
    }
}
