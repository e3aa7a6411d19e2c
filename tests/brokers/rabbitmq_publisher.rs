//! Publishing to RabbitMQ while things go wrong.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use marquee_messaging::{
    backends::rabbitmq::{Endpoint, RabbitMq},
    publisher::{DeadLetters, Outgoing, PublishError, Publisher},
};
use marquee_testkit::{
    conformance::{QUEUE, routed},
    rabbitmq::{Server, VirtualHost},
};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn a_message_to_an_exchange_that_is_not_there_does_not_take_the_others_down() {
    let host = VirtualHost::create().await;
    let rabbitmq = host.rabbitmq().await;
    let nowhere = Outgoing { exchange: "no_such_exchange".into(), ..routed("b") };
    let batch = [routed("a"), nowhere, routed("c"), routed("d")];
    let results = rabbitmq.publish(&batch).await;
    assert!(matches!(results[1], Err(PublishError::Unroutable { .. })), "{:?}", results[1]);
    for place in [0, 2, 3] {
        assert_eq!(results[place], Ok(()), "{place}");
    }
    assert!(host.client().await.depth(QUEUE).await >= 3);
}

#[tokio::test]
async fn what_comes_back_is_never_taken_for_a_neighbour() {
    let host = VirtualHost::create().await;
    let rabbitmq = host.rabbitmq().await;
    for _ in 0..5 {
        let routes = |n: usize| n % 3 != 1;
        let batch: Vec<_> = (0..60)
            .map(|n| match routes(n) {
                true => routed(&n.to_string()),
                false => Outgoing { routing_key: "no.such.key".into(), ..routed("lost") },
            })
            .collect();
        for (n, result) in rabbitmq.publish(&batch).await.into_iter().enumerate() {
            match routes(n) {
                true => assert_eq!(result, Ok(()), "{n}"),
                false => assert!(matches!(result, Err(PublishError::Unroutable { .. })), "{n}"),
            }
        }
    }
}

#[tokio::test]
async fn one_callers_mistake_is_not_blamed_on_another() {
    let host = VirtualHost::create().await;
    let rabbitmq = host.rabbitmq().await;
    let nowhere = Outgoing { exchange: "no_such_exchange".into(), ..routed("b") };
    let sends = (0..40).map(|n| {
        let (rabbitmq, nowhere) = (rabbitmq.clone(), nowhere.clone());
        let good = n % 2 == 0;
        let batch = [if good { routed("a") } else { nowhere }];
        async move { (good, rabbitmq.publish(&batch).await.remove(0)) }
    });
    for (good, result) in join_all(sends).await {
        assert_eq!(result.is_ok(), good, "{result:?}");
    }
}

/// `relay-outbox` quotes the attribute that it cannot read, which may be as long as an item.
#[tokio::test]
async fn a_reason_of_any_length_can_be_dead_lettered() {
    let host = VirtualHost::create().await;
    let rabbitmq = host.rabbitmq().await;
    let dead_lettered =
        rabbitmq.dead_letter(QUEUE, &routed("a").message, &"ü".repeat(200_000)).await;
    assert_eq!(dead_lettered, Ok(()));
    let letter = host.client().await.take("event_service_queue_dlq", 1).await.remove(0);
    let headers = letter.properties.headers().clone().expect("headers");
    let reason = headers.inner().get("dead-letter-reason").and_then(|r| r.as_long_string());
    assert_eq!(reason.expect("a reason").to_string(), "ü".repeat(500));
}

/// A connection has 2,047 channels.
#[tokio::test]
async fn a_connection_outlives_more_sends_than_it_has_channels() {
    let host = VirtualHost::create().await;
    let rabbitmq = host.rabbitmq().await;
    for n in 0..2_100 {
        assert_eq!(rabbitmq.publish(&[routed("a")]).await, [Ok(())], "send {n}");
    }
    let path = format!("vhosts/{}/connections", host.name);
    let open = async || {
        let connections = host.manage(reqwest::Method::GET, &path, None).await;
        let ours = connections.as_array().expect("a list").clone();
        assert!(ours.len() <= 1, "one connection for all of them: {}", ours.len());
        ours.first().and_then(|connection| connection["channels"].as_u64())
    };
    // What the management API knows is some seconds old.
    let mut channels = open().await;
    for _ in 0..30 {
        if channels.is_some_and(|channels| channels < 10) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        channels = open().await;
    }
    panic!("channels are left open: {channels:?}");
}

#[tokio::test]
async fn a_message_that_the_broker_refuses_is_not_taken_for_published() {
    let host = VirtualHost::create().await;
    let rabbitmq = host.rabbitmq().await;
    host.set_policy("^event_service_queue$", &json!({ "max-length": 1 })).await;
    let mut results = Vec::new();
    // A quorum queue notices that it is full a little late.
    for n in 0..20 {
        results.extend(rabbitmq.publish(&[routed(&n.to_string())]).await);
        if results.last().is_some_and(Result::is_err) {
            break;
        }
    }
    let refused = results.pop().expect("a result");
    assert!(matches!(refused, Err(PublishError::Unconfirmed(_))), "{refused:?}");
    host.clear_policy().await;
    assert_eq!(rabbitmq.publish(&[routed("after")]).await, [Ok(())]);
}

#[tokio::test]
async fn a_message_keeps_its_id_and_body_and_a_dead_lettered_one_its_reason() {
    let host = VirtualHost::create().await;
    let rabbitmq = host.rabbitmq().await;
    let outgoing = routed("{\"a\": 1}");
    assert_eq!(rabbitmq.publish(std::slice::from_ref(&outgoing)).await, [Ok(())]);
    let mut poison = outgoing.message.clone();
    poison.body = vec![0xff, 0, 0xfe];
    rabbitmq.dead_letter(QUEUE, &poison, "cannot be read").await.expect("dead-lettered");
    let client = host.client().await;
    let published = client.take(QUEUE, 1).await.remove(0);
    assert_eq!(published.data, outgoing.message.body);
    let id = published.properties.message_id().as_ref().map(ToString::to_string);
    assert_eq!(id, outgoing.message.metadata.id);
    assert_eq!(published.properties.delivery_mode(), &Some(2), "survives a restart");
    let dead_lettered = client.take("event_service_queue_dlq", 1).await.remove(0);
    assert_eq!(dead_lettered.data, [0xff, 0, 0xfe]);
    let headers = dead_lettered.properties.headers().clone().expect("headers");
    let reason =
        headers.inner().get("dead-letter-reason").and_then(|reason| reason.as_long_string());
    assert_eq!(reason.map(|reason| reason.as_bytes().to_vec()), Some(b"cannot be read".to_vec()));
}

/// Stands between publisher and broker and can stop passing anything on, without closing: what a
/// publisher finds that was frozen while its connection died.
struct Proxy {
    url: String,
    frozen: Arc<AtomicBool>,
    connections: Arc<AtomicU32>,
}

impl Proxy {
    async fn before(host: &VirtualHost) -> Self {
        let after_login = host.url.split('@').nth(1).expect("a host");
        let (broker, vhost) = after_login.split_once('/').expect("a virtual host");
        let broker = broker.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let url = format!("amqp://guest:guest@127.0.0.1:{port}/{vhost}");
        let (frozen, connections) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let proxy =
            Self { url, frozen: Arc::clone(&frozen), connections: Arc::clone(&connections) };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let server = TcpStream::connect(&broker).await.expect("the broker");
                // Only connections that were open at the time freeze: a new one works.
                let born_frozen = frozen.load(Ordering::SeqCst);
                let frozen = Arc::clone(&frozen);
                tokio::spawn(pass_on(client, server, move || {
                    frozen.load(Ordering::SeqCst) && !born_frozen
                }));
            }
        });
        proxy
    }
}

async fn pass_on(mut client: TcpStream, mut server: TcpStream, frozen: impl Fn() -> bool) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (mut from_client, mut from_server) = ([0; 16 * 1024], [0; 16 * 1024]);
    loop {
        let (bytes, to) = tokio::select! {
            read = client.read(&mut from_client) => match read {
                Ok(len @ 1..) => (&from_client[..len], &mut server),
                _ => return,
            },
            read = server.read(&mut from_server) => match read {
                Ok(len @ 1..) => (&from_server[..len], &mut client),
                _ => return,
            },
        };
        if frozen() {
            // Swallowed, and the connection stays open.
            continue;
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_publisher_that_wakes_up_with_a_dead_connection_publishes_over_a_new_one() {
    let host = VirtualHost::create().await;
    host.rabbitmq().await;
    let proxy = Proxy::before(&host).await;
    let endpoint = Endpoint::parse(&proxy.url).expect("a url");
    let rabbitmq = RabbitMq::new(endpoint, marquee_contexts::topology())
        .with_confirm_timeout(Duration::from_secs(2));
    assert_eq!(rabbitmq.publish(&[routed("before")]).await, [Ok(())]);
    proxy.frozen.store(true, Ordering::SeqCst);
    let batch: Vec<_> = (0..5).map(|n| routed(&n.to_string())).collect();
    assert_eq!(rabbitmq.publish(&batch).await, vec![Ok(()); 5]);
    assert_eq!(proxy.connections.load(Ordering::SeqCst), 2, "one new connection for all of them");
    let bodies: Vec<_> = host
        .client()
        .await
        .take(QUEUE, 6)
        .await
        .into_iter()
        .map(|message| message.data.clone())
        .collect();
    for body in ["before", "0", "1", "2", "3", "4"] {
        assert!(bodies.contains(&body.as_bytes().to_vec()), "{body}");
    }
}

#[tokio::test]
async fn nothing_confirmed_is_lost_when_the_broker_is_stopped_and_killed_under_load() {
    let directory = std::env::temp_dir().join(format!("marquee-broker-{}", std::process::id()));
    let server = Server::up(&directory);
    let host = VirtualHost::create_on(&server.amqp_url, &server.management_url).await;
    let rabbitmq = host.rabbitmq().await;
    let stopping = Arc::new(AtomicBool::new(false));
    let publishers = (0..4).map(|publisher| {
        let (rabbitmq, stopping) = (rabbitmq.clone(), Arc::clone(&stopping));
        tokio::spawn(async move {
            let mut confirmed = Vec::new();
            for n in 0.. {
                if stopping.load(Ordering::SeqCst) {
                    break;
                }
                let bodies: Vec<_> = (0..10).map(|m| format!("{publisher}-{n}-{m}")).collect();
                let batch: Vec<_> = bodies.iter().map(|body| routed(body)).collect();
                let results = rabbitmq.publish(&batch).await;
                let kept = bodies.into_iter().zip(results).filter(|(_, result)| result.is_ok());
                confirmed.extend(kept.map(|(body, _)| body));
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            confirmed
        })
    });
    let publishers: Vec<_> = publishers.collect();
    let server = tokio::task::spawn_blocking(move || {
        for how in ["stop", "kill"] {
            std::thread::sleep(Duration::from_millis(700));
            server.run(how);
            server.run("start");
        }
        std::thread::sleep(Duration::from_secs(2));
        server
    });
    let server = server.await.expect("the server is back");
    stopping.store(true, Ordering::SeqCst);
    let confirmed = join_all(publishers).await.into_iter().flat_map(|done| done.expect("done"));
    let confirmed: Vec<_> = confirmed.collect();
    assert!(confirmed.len() > 100, "{} confirmed", confirmed.len());

    let client = host.client().await;
    let depth = client.depth(QUEUE).await as usize;
    assert!(depth >= confirmed.len(), "{depth} kept of {} confirmed", confirmed.len());
    let kept = client.take(QUEUE, depth).await.into_iter().map(|message| message.data.clone());
    let kept: std::collections::HashSet<_> = kept.collect();
    let lost: Vec<_> = confirmed.iter().filter(|body| !kept.contains(body.as_bytes())).collect();
    assert!(lost.is_empty(), "{} of {} lost", lost.len(), confirmed.len());
    drop(server);
}
