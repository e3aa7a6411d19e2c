//! Request and reply over a real RabbitMQ: with a peer that is not ours, with a thousand questions in
//! the air, and with a consumer that is killed among them.

use std::{
    collections::HashMap,
    path::Path,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures_util::{StreamExt, future::join_all, stream};
use marquee_host::{
    Host,
    members::{MembersRequest, rabbitmq::MembersClient},
    settings::Settings,
};
use marquee_messaging::backends::rabbitmq::lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable},
};
use marquee_testkit::rabbitmq::VirtualHost;
use serde_json::{Value, json};
use tokio::{sync::Barrier, time::timeout};

const CLIENTS: usize = 20;
const GETS_PER_CLIENT: usize = 50;
const EXCHANGE: &str = "members_exchange";
const QUEUE: &str = "member_messages";
/// What the mapping hands over at once.
const BATCH_LEN_MAX: usize = 100;
const TIMEOUT: Duration = Duration::from_secs(60);

async fn host(broker: &VirtualHost, data: Option<&Path>) -> Host {
    let mut settings = Settings::from_env().expect("settings");
    settings.amqp_url = Some(broker.url.clone());
    settings.data = data.map(Path::to_owned);
    Host::start(settings).await.expect("a host")
}

fn get(member: &str) -> MembersRequest {
    MembersRequest::Get { member: member.to_owned() }
}

/// Each client's member has a seat of its own.
async fn save_all(broker: &VirtualHost) {
    stream::iter(0..CLIENTS)
        .for_each_concurrent(5, |n| async move {
            let mut client = MembersClient::open(&broker.url).await.expect("a client");
            let (member, seat) = (format!("M{n}"), format!("S{n}"));
            let save = MembersRequest::Save { member, seat, replaces: None };
            let saved = client.ask(&save, TIMEOUT).await.expect("an answer");
            assert_eq!(saved["label"], "Member Saved");
        })
        .await;
}

/// Lambda's mapping of a queue on that host.
async fn set_enabled(host: &Host, queue: &str, enabled: bool) {
    let url = format!("http://{}/_host/queues/{queue}/mapping", host.address);
    let body = json!({ "enabled": enabled });
    let set = reqwest::Client::new().put(url).json(&body).send().await.expect("an answer");
    assert!(set.status().is_success());
}

/// What a thousand questions and those who ask them wait for.
struct Crowd {
    broker: VirtualHost,
    /// All questions are in the queue.
    asked: Barrier,
    answers: AtomicUsize,
    /// No more answers can come.
    over: Barrier,
}

impl Crowd {
    fn new(broker: &VirtualHost) -> Self {
        let barrier = || Barrier::new(CLIENTS + 1);
        let answers = AtomicUsize::new(0);
        Self { broker: broker.clone(), asked: barrier(), answers, over: barrier() }
    }

    /// Asks fifty times about one member and takes every answer: how often each question was
    /// answered. They must be answers to this client's questions, about its member, and copies must
    /// be known as such.
    async fn ask(&self, n: usize) -> Vec<usize> {
        let mut client = MembersClient::open(&self.broker.url).await.expect("a client");
        let request = get(&format!("M{n}"));
        let mut answered: HashMap<String, Vec<String>> = HashMap::new();
        for _ in 0..GETS_PER_CLIENT {
            answered.insert(client.send(&request).await.expect("sent"), Vec::new());
        }
        self.asked.wait().await;
        let expected = json!({
            "label": "Seat Number",
            "payload": { "member_id": format!("M{n}"), "seat_number": format!("S{n}") },
        });
        let mut over = false;
        loop {
            let patience = if over { Duration::from_millis(300) } else { TIMEOUT };
            let Ok(answer) = timeout(patience, client.answer()).await else {
                assert!(over, "client {n}: {answered:?}");
                break;
            };
            let answer = answer.expect("an answer");
            assert_eq!(answer.body, expected);
            let ids = answered.get_mut(&answer.correlation_id).expect("a question of this client");
            ids.push(answer.id);
            self.answers.fetch_add(1, Ordering::SeqCst);
            if !over && answered.values().all(|ids| !ids.is_empty()) {
                self.over.wait().await;
                over = true;
            }
        }
        let copies_are_known = |ids: &Vec<String>| ids.iter().all(|id| *id == ids[0]);
        assert!(answered.values().all(copies_are_known), "{answered:?}");
        answered.into_values().map(|ids| ids.len()).collect()
    }

    async fn ask_all(&self) -> Vec<usize> {
        join_all((0..CLIENTS).map(|n| self.ask(n))).await.concat()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_questions_in_the_air_are_each_answered_once_and_to_who_asked() {
    let broker = VirtualHost::create().await;
    let host = host(&broker, None).await;
    save_all(&broker).await;
    set_enabled(&host, QUEUE, false).await;
    let crowd = Crowd::new(&broker);
    let answering = async {
        crowd.asked.wait().await;
        assert_eq!(broker.client().await.depth(QUEUE).await as usize, CLIENTS * GETS_PER_CLIENT);
        set_enabled(&host, QUEUE, true).await;
        crowd.over.wait().await;
    };
    let (counts, ()) = tokio::join!(crowd.ask_all(), answering);
    assert!(counts.iter().all(|count| *count == 1), "{counts:?}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_is_lost_when_the_consumer_is_killed_among_them() {
    let broker = VirtualHost::create().await;
    let folder = tempdir();
    let data = folder.join("members.db");
    let first = host(&broker, Some(&data)).await;
    save_all(&broker).await;
    set_enabled(&first, QUEUE, false).await;
    let crowd = Crowd::new(&broker);
    let killing = async {
        crowd.asked.wait().await;
        set_enabled(&first, QUEUE, true).await;
        while crowd.answers.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Dropped, it ends at once, whatever it has in hand.
        drop(first);
        let client = broker.client().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(client.depth(QUEUE).await > 0, "it was killed too late");
        let second = host(&broker, Some(&data)).await;
        while client.depth(QUEUE).await > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        crowd.over.wait().await;
        second
    };
    let (counts, second) = tokio::join!(crowd.ask_all(), killing);
    // What was answered and not yet acknowledged is answered again.
    let again = counts.iter().filter(|count| **count > 1).count();
    assert!(again <= BATCH_LEN_MAX, "{again} twice: more than the batch in hand");
    second.stop().await;
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn a_peer_in_another_language_saves_and_asks() {
    let broker = VirtualHost::create().await;
    let host = host(&broker, None).await;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = here.join("../../target/tools/bin/python");
    let url = broker.url.clone();
    let script = here.join("members_peer.py");
    let peer = tokio::task::spawn_blocking(move || {
        Command::new(python).arg(script).args([&url, "Ada", "1A"]).output().expect("python")
    });
    let output = peer.await.expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).expect("json")).collect();
    let payload = json!({ "member_id": "Ada", "seat_number": "1A" });
    assert_eq!(answers[0], json!({ "label": "Member Saved", "payload": payload }));
    assert_eq!(answers[1], json!({ "label": "Seat Number", "payload": payload }));
    host.stop().await;
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_any_more_is_dropped_and_the_request_is_done() {
    let broker = VirtualHost::create().await;
    let host = host(&broker, None).await;
    set_enabled(&host, QUEUE, false).await;
    let gone = MembersClient::open(&broker.url).await.expect("a client");
    gone.send(&get("M1")).await.expect("sent");
    drop(gone);
    // Its queue goes with its connection.
    tokio::time::sleep(Duration::from_millis(500)).await;
    set_enabled(&host, QUEUE, true).await;
    let mut here = MembersClient::open(&broker.url).await.expect("a client");
    let answer = here.ask(&get("M2"), TIMEOUT).await.expect("an answer");
    assert_eq!(answer["label"], "Member Not Found");
    let client = broker.client().await;
    for queue in [QUEUE, "member_messages_dlq", "retry_1000ms"] {
        assert_eq!(client.depth(queue).await, 0, "{queue}: it does not come again");
    }
    host.stop().await;
}

#[tokio::test]
async fn a_question_that_names_no_queue_is_answered_in_the_one_for_all() {
    let broker = VirtualHost::create().await;
    let host = host(&broker, None).await;
    let client = broker.client().await;
    let body = json!({ "label": "Get Seat Number", "member_id": "Nobody" }).to_string();
    client.publish(EXCHANGE, "seat.get", body.as_bytes()).await;
    let answer = client.take("member_replies", 1).await.remove(0);
    let answer: Value = serde_json::from_slice(&answer.data).expect("json");
    assert_eq!(answer["label"], "Member Not Found");
    host.stop().await;
}

#[tokio::test]
async fn no_answer_goes_into_a_queue_that_messages_go_through_or_keeps_others_back() {
    let broker = VirtualHost::create().await;
    let host = host(&broker, None).await;
    set_enabled(&host, "order_placed", false).await;
    let client = broker.client().await;
    let body = json!({ "label": "Get Seat Number", "member_id": "Nobody" }).to_string();
    let long = "q".repeat(300);
    let queues = ["order_placed", "order_placed_dlq", "retry_60000ms", &long];
    for queue in queues {
        // Longer than a property may be, it comes as a header.
        let mut headers = FieldTable::default();
        headers.insert("reply_to".into(), AMQPValue::LongString(queue.into()));
        let asking = BasicProperties::default().with_headers(headers);
        client.publish_with(EXCHANGE, "seat.get", body.as_bytes(), asking).await;
    }
    client.publish(EXCHANGE, "seat.get", body.as_bytes()).await;
    client.take("member_replies", 1).await;
    for queue in &queues[..3] {
        assert_eq!(client.depth(queue).await, 0, "{queue}");
    }
    host.stop().await;
}

#[tokio::test]
async fn poison_that_names_the_brokers_own_reply_queue_is_dead_lettered_and_keeps_no_other_back() {
    let broker = VirtualHost::create().await;
    let host = host(&broker, None).await;
    let client = broker.client().await;
    let mut headers = FieldTable::default();
    headers.insert("reply_to".into(), AMQPValue::LongString("amq.rabbitmq.reply-to".into()));
    let asking = BasicProperties::default().with_headers(headers);
    client.publish_with(EXCHANGE, "seat.get", b"poison", asking).await;
    let mut here = MembersClient::open(&broker.url).await.expect("a client");
    here.ask(&get("M2"), TIMEOUT).await.expect("an answer");
    let dead_lettered = client.take("member_messages_dlq", 1).await.remove(0);
    assert_eq!(dead_lettered.data, b"poison");
    host.stop().await;
}

fn tempdir() -> std::path::PathBuf {
    let name = format!("members-{}", uuid::Uuid::new_v4());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}
