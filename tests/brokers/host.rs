//! The whole system on a RabbitMQ: its trace, a broker that goes away under load, and a backlog.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, future::join_all, stream};
use marquee_host::{Host, contexts::booking::demo, settings::Settings};
use marquee_messaging::backends::rabbitmq::lapin::{
    options::{QueueBindOptions, QueueDeclareOptions},
    types::FieldTable,
};
use marquee_testkit::rabbitmq::{PlainClient, Server, VirtualHost};
use reqwest::Client;
use serde_json::{Value, json};
use uuid::Uuid;

const WAIT_MAX: Duration = Duration::from_secs(60);

struct System {
    base: String,
    http: Client,
    _host: Host,
}

impl System {
    async fn on(url: &str) -> Self {
        let mut settings = Settings::from_env().expect("settings");
        settings.amqp_url = Some(url.to_owned());
        let host = Host::start(settings).await.expect("a host");
        Self { base: format!("http://{}", host.address), http: Client::new(), _host: host }
    }

    async fn post(&self, path: &str, user: Uuid, trace: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.base)).body(body.to_string());
        let request = request.header("x-user-id", user.to_string()).header("traceparent", trace);
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let answer = response.json().await.expect("json");
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    async fn seats(&self) -> Vec<Value> {
        let url = format!("{}/api/v1/sessions/{}/seats", self.base, demo::SESSION);
        let seats: Value =
            self.http.get(url).send().await.expect("sent").json().await.expect("json");
        seats.as_array().expect("a list").clone()
    }

    async fn buy(&self, seat: &Value, trace: &str) -> String {
        let user = Uuid::new_v4();
        let seats = json!([{ "session_seat_id": seat["session_seat_id"] }]);
        let wanted = json!({ "session_id": demo::SESSION, "seats": seats });
        let held = self.post("/api/v1/reservations", user, trace, &wanted).await;
        let id = held["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v1/reservations/{id}/confirm");
        self.post(&path, user, trace, &json!({})).await;
        id
    }

    async fn await_sold(&self, count: usize) {
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            let seats = self.seats().await;
            let sold = seats.iter().filter(|seat| seat["status"] == "sold").count();
            if sold == count {
                return;
            }
            assert!(Instant::now() < deadline, "{sold} of {count} sold");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A queue of the test's own that hears everything booking says.
async fn listen(client: &PlainClient) -> &'static str {
    let queue = "everything";
    let (declare, bind) = (QueueDeclareOptions::durable(), QueueBindOptions::default());
    let declared = client.channel.queue_declare(queue.into(), declare, FieldTable::default());
    declared.await.expect("declared");
    let (exchange, key, none) = ("ticketing_events".into(), "#".into(), FieldTable::default());
    client.channel.queue_bind(queue.into(), exchange, key, bind, none).await.expect("bound");
    queue
}

#[tokio::test]
async fn the_trace_of_the_confirming_request_goes_with_the_event_to_whoever_listens() {
    let host = VirtualHost::create().await;
    let system = System::on(&host.url).await;
    let client = host.client().await;
    let queue = listen(&client).await;
    let seat = system.seats().await.remove(0);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let id = system.buy(&seat, &format!("00-{trace}-b7ad6b7169203331-01")).await;
    let message = client.take(queue, 1).await.remove(0);
    let body: Value = serde_json::from_slice(&message.data).expect("json");
    assert_eq!(
        (&body["event_type"], &body["reservation_id"]),
        (&json!("reservation.confirmed"), &json!(id))
    );
    let headers = message.properties.headers().clone().expect("headers");
    let header = |name: &str| {
        let value = headers.inner().get(name).and_then(|value| value.as_long_string());
        value.unwrap_or_else(|| panic!("no {name}")).to_string()
    };
    assert!(header("traceparent").starts_with(&format!("00-{trace}-")));
    assert!(!header("traceparent").contains("b7ad6b7169203331"), "a span of its own");
    assert_eq!(header("ce-type"), "reservation.confirmed");
    assert_eq!(header("ce-source"), "relay-outbox");
}

#[tokio::test]
async fn every_seat_that_was_paid_for_is_sold_though_the_broker_is_stopped_and_killed_under_load() {
    let directory = std::env::temp_dir().join(format!("marquee-host-{}", std::process::id()));
    let server = Server::up(&directory);
    let host = VirtualHost::create_on(&server.amqp_url, &server.management_url).await;
    let system = System::on(&host.url).await;
    let seats = system.seats().await;
    let outage = tokio::task::spawn_blocking(move || {
        // Stopped first: RabbitMQ 3.10 forgets a quorum queue if it is killed within seconds of
        // the queue's declaration.
        for how in ["stop", "kill"] {
            std::thread::sleep(Duration::from_millis(300));
            server.run(how);
            std::thread::sleep(Duration::from_millis(500));
            server.run("start");
        }
        server
    });
    // Buyers notice nothing of it.
    let bought: Vec<_> = stream::iter(&seats)
        .map(|seat| async {
            // Slowly enough to be at it for as long as the outage lasts.
            tokio::time::sleep(Duration::from_millis(150)).await;
            system.buy(seat, "").await
        })
        .buffer_unordered(1)
        .collect()
        .await;
    assert_eq!(bought.len(), seats.len());
    let server = outage.await.expect("the broker is back");
    system.await_sold(seats.len()).await;
    let client = host.client().await;
    assert_eq!(client.depth("event_service_queue_dlq").await, 0);
    drop((system, server));
}

#[tokio::test]
async fn a_backlog_of_ten_thousand_messages_drains_and_each_seat_is_sold_once() {
    const MESSAGES: usize = 10_000;
    let host = VirtualHost::create().await;
    host.rabbitmq().await;
    let client = host.client().await;
    // The consumer is off: nothing runs yet. The events are about seats that the demo data has.
    let seats = demo_seats().await;
    let owners: Vec<_> = seats.iter().map(|_| Uuid::new_v4()).collect();
    let publishes = (0..MESSAGES).map(|n| {
        let (seat, owner) = (&seats[n % seats.len()], owners[n % seats.len()]);
        let body = json!({
            "event_type": "reservation.confirmed", "reservation_id": owner,
            "user_id": Uuid::nil(), "session_id": demo::SESSION, "session_seat_ids": [seat],
        });
        let (client, body) = (&client, body.to_string());
        async move {
            client.publish("ticketing_events", "reservation.confirmed", body.as_bytes()).await;
        }
    });
    stream::iter(publishes).buffer_unordered(200).collect::<Vec<()>>().await;
    assert_eq!(client.depth("event_service_queue").await as usize, MESSAGES);

    let system = System::on(&host.url).await;
    let holds = seats.iter().zip(&owners).map(|(seat, owner)| {
        let path = format!("/api/internal/sessions/{}/seats/reserve", demo::SESSION);
        let body = json!({ "session_seat_ids": [seat], "reservation_id": owner });
        let system = &system;
        async move { system.post(&path, Uuid::nil(), "", &body).await }
    });
    join_all(holds).await;
    let (mut least, mut moved) = (u32::MAX, Instant::now());
    while least > 0 {
        let depth = client.depth("event_service_queue").await;
        if depth < least {
            (least, moved) = (depth, Instant::now());
        }
        assert!(moved.elapsed() < WAIT_MAX, "the backlog stopped draining at {least}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Whatever came before its hold did nothing; one more of each finds it.
    for (seat, owner) in seats.iter().zip(&owners) {
        let body = json!({
            "event_type": "reservation.confirmed", "reservation_id": owner,
            "user_id": Uuid::nil(), "session_id": demo::SESSION, "session_seat_ids": [seat],
        });
        let body = body.to_string();
        client.publish("ticketing_events", "reservation.confirmed", body.as_bytes()).await;
    }
    system.await_sold(seats.len()).await;
    assert_eq!(client.depth("event_service_queue_dlq").await, 0);
}

/// The demo session's seats: the same on every host.
async fn demo_seats() -> Vec<String> {
    let host = Host::start(Settings::from_env().expect("settings")).await.expect("a host");
    let url = format!("http://{}/api/v1/sessions/{}/seats", host.address, demo::SESSION);
    let seats: Value =
        Client::new().get(url).send().await.expect("sent").json().await.expect("json");
    let seats = seats.as_array().expect("a list").iter();
    seats.map(|seat| seat["session_seat_id"].as_str().expect("an id").to_owned()).collect()
}
