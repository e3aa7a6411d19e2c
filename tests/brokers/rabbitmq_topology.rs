//! What the broker really has, against the topology and against the seeds' own words.

use std::{collections::BTreeSet, time::Duration};

use marquee_contexts::topology;
use marquee_messaging::{
    backends::rabbitmq::{
        BrokerError,
        lapin::{
            options::{BasicGetOptions, QueueDeclareOptions},
            types::FieldTable,
        },
        retry_queue,
    },
    topology::{ENVIRONMENT_MARKER, RetryPolicy},
};
use marquee_testkit::rabbitmq::{ENVIRONMENT, VirtualHost};
use reqwest::Method;
use serde_json::{Value, json};

async fn list(host: &VirtualHost, kind: &str) -> Vec<Value> {
    let list = host.manage(Method::GET, &format!("{kind}/{}", host.name), None).await;
    list.as_array().expect("a list").clone()
}

fn names(list: &[Value]) -> BTreeSet<String> {
    let name = |entry: &Value| entry["name"].as_str().expect("a name").to_owned();
    list.iter().map(name).filter(|name| !name.is_empty() && !name.starts_with("amq.")).collect()
}

#[tokio::test]
async fn the_broker_has_exactly_what_the_topology_says() {
    let host = VirtualHost::create().await;
    host.rabbitmq().await;
    let topology = topology();
    let retries: BTreeSet<_> =
        topology.queues().flat_map(|queue| queue.retry.delays()).map(retry_queue).collect();

    let mut exchanges: BTreeSet<_> = topology.exchanges().iter().map(ToString::to_string).collect();
    exchanges.extend(retries.iter().cloned());
    assert_eq!(names(&list(&host, "exchanges").await), exchanges);

    let mut queues: BTreeSet<_> = topology.dead_letter_queues().collect();
    queues.extend(topology.queues().map(|queue| queue.name.to_owned()));
    queues.extend(topology.reply_queues().map(ToString::to_string));
    queues.extend(retries);
    queues.insert(ENVIRONMENT_MARKER.to_owned());
    assert_eq!(names(&list(&host, "queues").await), queues);

    let bindings = list(&host, "bindings").await;
    let bound: BTreeSet<_> = bindings
        .iter()
        .filter(|binding| topology.exchanges().contains(binding["source"].as_str().expect("text")))
        .map(|binding| ["source", "routing_key", "destination"].map(|field| binding[field].clone()))
        .map(|fields| fields.map(|field| field.as_str().expect("text").to_owned()))
        .collect();
    let wanted = topology.queues().flat_map(|queue| {
        let keys = queue.routing_keys.iter();
        keys.map(|key| [queue.exchange, key, queue.name].map(str::to_owned))
    });
    assert_eq!(bound, wanted.collect());
}

/// In the seeds' own words, so that a slip in the declarations cannot hide behind itself.
#[tokio::test]
async fn main_queues_are_quorum_with_the_seeds_dead_letter_arguments_and_dead_letters_are_plain() {
    let host = VirtualHost::create().await;
    host.rabbitmq().await;
    let queues = list(&host, "queues").await;
    let queue = |name: &str| queues.iter().find(|queue| queue["name"] == name).expect("a queue");
    let main = queue("event_service_queue");
    assert_eq!(main["durable"], true);
    assert_eq!(main["arguments"]["x-queue-type"], "quorum");
    assert_eq!(main["arguments"]["x-dead-letter-exchange"], "");
    assert_eq!(main["arguments"]["x-dead-letter-routing-key"], "event_service_queue_dlq");
    assert_eq!(main["arguments"]["x-delivery-limit"], 20);
    for dead_letters in ["event_service_queue_dlq", "relay_outbox_dlq"] {
        assert_eq!(queue(dead_letters)["durable"], true);
        assert_eq!(queue(dead_letters)["arguments"], json!({}));
    }
    let exchanges = list(&host, "exchanges").await;
    let events = exchanges.iter().find(|exchange| exchange["name"] == "ticketing_events");
    let events = events.expect("the exchange");
    assert_eq!((&events["type"], &events["durable"]), (&json!("topic"), &json!(true)));
}

#[tokio::test]
async fn declaring_again_changes_nothing_and_any_client_may_declare_a_dead_letter_queue() {
    let host = VirtualHost::create().await;
    let rabbitmq = host.rabbitmq().await;
    rabbitmq.declare_topology(ENVIRONMENT, None).await.expect("again");
    let faster = RetryPolicy { attempts_max: 2, ..RetryPolicy::STANDARD };
    rabbitmq.declare_topology(ENVIRONMENT, Some(faster)).await.expect("with another policy");
    let client = host.client().await;
    let plain = client.channel.queue_declare(
        "event_service_queue_dlq".into(),
        QueueDeclareOptions::durable(),
        FieldTable::default(),
    );
    plain.await.expect("declared as any client would");
}

#[tokio::test]
async fn a_queue_that_is_there_with_other_arguments_is_an_error_that_names_it() {
    let host = VirtualHost::create().await;
    let client = host.client().await;
    let (options, none) = (QueueDeclareOptions::durable(), FieldTable::default());
    client.channel.queue_declare("event_service_queue".into(), options, none).await.expect("made");
    let error = host
        .undeclared()
        .declare_topology(ENVIRONMENT, None)
        .await
        .expect_err("a conflict")
        .to_string();
    assert!(error.contains("event_service_queue"), "{error}");
}

#[tokio::test]
async fn another_environment_does_not_get_a_virtual_host_that_is_taken() {
    let host = VirtualHost::create().await;
    let rabbitmq = host.undeclared();
    rabbitmq.declare_topology("prod", None).await.expect("the first");
    let error = rabbitmq.declare_topology("staging", None).await.expect_err("the second");
    assert!(matches!(error, BrokerError::Refused(_)), "{error:?}");
    let error = error.to_string();
    for word in [&host.name, "prod", "staging", "a virtual host of its own"] {
        assert!(error.contains(word), "no {word} in: {error}");
    }
    rabbitmq.declare_topology("prod", None).await.expect("again");
}

/// What a process does to a queue that dies of a message before it settles it.
#[tokio::test]
async fn a_message_that_kills_its_consumer_each_time_is_a_dead_letter_in_the_end() {
    let host = VirtualHost::create().await;
    host.rabbitmq().await;
    let publisher = host.client().await;
    publisher.publish("ticketing_events", "reservation.confirmed", b"deadly").await;
    let mut deliveries = 0;
    while publisher.depth("event_service_queue_dlq").await == 0 {
        let dying = host.client().await;
        let get = BasicGetOptions { no_ack: false };
        let delivered = dying.channel.basic_get("event_service_queue".into(), get).await;
        deliveries += usize::from(delivered.expect("the queue is there").is_some());
        assert!(deliveries <= 30, "it comes back for ever");
        drop(dying);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(deliveries, 21, "the first, and twenty more");
    let letter = publisher.take("event_service_queue_dlq", 1).await.remove(0);
    assert_eq!(letter.data, b"deadly");
}
