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

/// Asks everything at once, waits for `asked`, and then takes every answer: how often each question
/// was answered. The answers must be to this client's questions and about its member.
async fn ask_many(
    broker: &VirtualHost,
    n: usize,
    asked: impl Future<Output = ()>,
    answers: &AtomicUsize,
) -> Vec<usize> {
    let mut client = MembersClient::open(&broker.url).await.expect("a client");
    let request = get(&format!("M{n}"));
    let mut answered = HashMap::new();
    for _ in 0..GETS_PER_CLIENT {
        answered.insert(client.send(&request).await.expect("sent"), 0);
    }
    asked.await;
    let expected = json!({
        "label": "Seat Number",
        "payload": { "member_id": format!("M{n}"), "seat_number": format!("S{n}") },
    });
    while answered.values().any(|count| *count == 0) {
        let answer = timeout(TIMEOUT, client.answer()).await;
        let answer = answer.unwrap_or_else(|_| panic!("client {n}: {answered:?}"));
        let (question, answer) = answer.expect("an answer");
        assert_eq!(answer, expected);
        *answered.get_mut(&question).expect("a question of this client") += 1;
        answers.fetch_add(1, Ordering::SeqCst);
    }
    // Any second answer would be on its way behind.
    while let Ok(answer) = timeout(Duration::from_millis(300), client.answer()).await {
        *answered.get_mut(&answer.expect("an answer").0).expect("a question of this client") += 1;
    }
    answered.into_values().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_questions_of_twenty_clients_are_each_answered_once_and_to_who_asked() {
    let broker = VirtualHost::create().await;
    let host = host(&broker, None).await;
    save_all(&broker).await;
    let answers = AtomicUsize::new(0);
    let all = (0..CLIENTS).map(|n| ask_many(&broker, n, async {}, &answers));
    let all = join_all(all).await.concat();
    assert_eq!(all.len(), CLIENTS * GETS_PER_CLIENT);
    assert!(all.iter().all(|count| *count == 1), "{all:?}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_is_lost_when_the_consumer_is_killed_among_them() {
    let broker = VirtualHost::create().await;
    let folder = tempdir();
    let data = folder.join("members.db");
    let first = host(&broker, Some(&data)).await;
    save_all(&broker).await;
    // All thousand are in the queue before the first is answered.
    let mapping = format!("http://{}/_host/queues/member_messages/mapping", first.address);
    let http = reqwest::Client::new();
    let set = async |enabled: bool| {
        let body = json!({ "enabled": enabled });
        let set = http.put(&mapping).json(&body).send().await.expect("an answer");
        assert!(set.status().is_success());
    };
    set(false).await;
    let (asked, answers) = (Barrier::new(CLIENTS + 1), AtomicUsize::new(0));
    let asking = (0..CLIENTS).map(|n| {
        let asked = async {
            asked.wait().await;
        };
        ask_many(&broker, n, asked, &answers)
    });
    let killing = async {
        asked.wait().await;
        set(true).await;
        while answers.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Dropped, it ends at once, whatever it has in hand.
        drop(first);
        let before = answers.load(Ordering::SeqCst);
        assert!(before < CLIENTS * GETS_PER_CLIENT, "it was killed too late");
        tokio::time::sleep(Duration::from_millis(500)).await;
        host(&broker, Some(&data)).await
    };
    let (all, second) = tokio::join!(join_all(asking), killing);
    let all = all.concat();
    assert_eq!(all.len(), CLIENTS * GETS_PER_CLIENT);
    // What was answered and not yet acknowledged is answered again, and known by its id.
    let again = all.iter().filter(|count| **count > 1).count();
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
    let gone = MembersClient::open(&broker.url).await.expect("a client");
    gone.send(&get("M1")).await.expect("sent");
    drop(gone);
    let mut here = MembersClient::open(&broker.url).await.expect("a client");
    assert_eq!(
        here.ask(&get("M2"), TIMEOUT).await.expect("an answer")["label"],
        "Member Not Found"
    );
    let client = broker.client().await;
    assert!(client.look("member_messages_dlq").await.is_empty());
    host.stop().await;
}

#[tokio::test]
async fn a_question_that_names_no_queue_is_answered_in_the_one_for_all_and_a_working_queue_is_not_one()
 {
    let broker = VirtualHost::create().await;
    let host = host(&broker, None).await;
    let client = broker.client().await;
    let body = json!({ "label": "Get Seat Number", "member_id": "Nobody" }).to_string();
    client.publish("members_exchange", "seat.get", body.as_bytes()).await;
    let answer = client.take("member_replies", 1).await.remove(0);
    let answer: Value = serde_json::from_slice(&answer.data).expect("json");
    assert_eq!(answer["label"], "Member Not Found");

    let long = "q".repeat(300);
    for queue in ["order_placed", "order_placed_dlq", "retry_1000ms", &long] {
        // Longer than a property may be, it comes as a header.
        let mut headers = FieldTable::default();
        headers.insert("reply_to".into(), AMQPValue::LongString(queue.into()));
        let asking = BasicProperties::default().with_headers(headers);
        client.publish_with("members_exchange", "seat.get", body.as_bytes(), asking).await;
    }
    client.publish("members_exchange", "seat.get", body.as_bytes()).await;
    client.take("member_replies", 1).await;
    assert!(client.look("order_placed_dlq").await.is_empty(), "nothing was sent there");
    host.stop().await;
}

fn tempdir() -> std::path::PathBuf {
    let name = format!("members-{}", uuid::Uuid::new_v4());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}
