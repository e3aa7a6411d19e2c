//! The host as a process: its command line, its signals, and what survives its death.

mod lifecycle;
mod live;
mod metrics;

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use marquee_testkit::{rabbitmq::VirtualHost, server};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use uuid::Uuid;

const SESSION: &str = "b623792d-f564-44c4-a6cd-255b83f9a4db";
const SEAT: &str = "fd67f9ef-6058-4f48-a6a6-ba4fcf7435cd";

struct Process {
    child: Child,
    base: String,
    http: Client,
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already, if the test is about how it goes.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_marquee"));
    command.args(["--listen", "127.0.0.1:0"]).args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Process {
    /// Starts, and reads from the start-up message where it serves.
    fn start(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut command = command(arguments);
        command.envs(settings.iter().copied()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the host");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let ready = output.lines().map_while(Result::ok).find(|line| line.contains("is ready on"));
        let ready = ready.expect("the start-up message");
        let base = ready.split_whitespace().last().expect("an address").to_owned();
        Self { child, base, http: Client::new() }
    }

    async fn call(&self, method: Method, path: &str, user: Uuid, body: &Value) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.header("x-user-id", user.to_string());
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, Uuid::nil(), &Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn seat_status(&self) -> String {
        let seats = self.get(&format!("/api/v1/sessions/{SESSION}/seats")).await;
        let mut seats = seats.as_array().expect("seats").iter();
        let seat = seats.find(|seat| seat["session_seat_id"] == SEAT).expect("the seat");
        seat["status"].as_str().expect("a status").to_owned()
    }

    async fn await_status(&self, status: &str) {
        let start = Instant::now();
        while self.seat_status().await != status {
            assert!(start.elapsed() < Duration::from_secs(10), "never {status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn hold(&self, user: Uuid) -> String {
        let body = json!({ "session_id": SESSION, "seats": [{ "session_seat_id": SEAT }] });
        let (status, held) = self.call(Method::POST, "/api/v1/reservations", user, &body).await;
        assert_eq!(status, 201, "{held}");
        held["id"].as_str().expect("an id").to_owned()
    }

    async fn confirm(&self, user: Uuid, id: &str) {
        let path = format!("/api/v1/reservations/{id}/confirm");
        let (status, answer) = self.call(Method::POST, &path, user, &json!({})).await;
        assert_eq!(status, 200, "{answer}");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status().expect("kill");
        assert!(sent.success());
    }
}

/// A data file of its own, removed with all that lies beside it.
struct DataFile(PathBuf);

impl DataFile {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(Uuid::new_v4().to_string());
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn path(&self) -> String {
        self.0.join("marquee.db").display().to_string()
    }
}

impl Drop for DataFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn it_speaks_tls_to_a_broker_whose_certificate_it_can_check_and_to_no_other() {
    let virtual_host = VirtualHost::create().await;
    let url = format!("{}/{}", server("AMQPS_URL"), virtual_host.name);
    let arguments = ["--broker", "rabbitmq", "--amqp-url", &url];
    let stranger = command(&arguments).output().expect("it ends");
    let said = String::from_utf8_lossy(&stranger.stderr).into_owned();
    assert!(!stranger.status.success() && said.contains("certificate"), "{said}");

    let authority = server("AMQPS_CA_FILE");
    let host = Process::start(&arguments, &[("SSL_CERT_FILE", &authority)]);
    let user = Uuid::new_v4();
    let id = host.hold(user).await;
    host.confirm(user, &id).await;
    host.await_status("sold").await;
}

#[tokio::test]
async fn an_event_that_was_written_and_not_published_reaches_rabbitmq_after_a_kill() {
    let folder = DataFile::new();
    let broker = VirtualHost::create().await;
    let user = Uuid::new_v4();
    let data = folder.path();
    let arguments = ["--data", &data, "--broker", "rabbitmq", "--amqp-url", &broker.url];
    let host = Process::start(&arguments, &[("STREAM_BATCHING_SECONDS", "3600")]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let id = host.hold(user).await;
    host.confirm(user, &id).await;
    assert_eq!(host.seat_status().await, "reserved");
    host.signal("-KILL");
    drop(host);
    let host = Process::start(&arguments, &[]);
    host.await_status("sold").await;
}

#[tokio::test]
async fn what_was_answered_survives_a_kill_and_its_event_still_arrives() {
    let data = DataFile::new();
    let user = Uuid::new_v4();
    // The stream is not read before the kill, so the event is on its way and no further.
    let host = Process::start(&["--data", &data.path()], &[("STREAM_BATCHING_SECONDS", "3600")]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let id = host.hold(user).await;
    host.confirm(user, &id).await;
    assert_eq!(host.seat_status().await, "reserved");
    let keys = host.get("/.well-known/jwks.json").await;
    host.signal("-KILL");
    drop(host);

    let host = Process::start(&["--data", &data.path()], &[]);
    host.await_status("sold").await;
    let path = format!("/api/v1/tickets/user/{user}");
    let (_, tickets) = host.call(Method::GET, &path, user, &Value::Null).await;
    assert_eq!(tickets.as_array().map(Vec::len), Some(1));
    assert_eq!(host.get("/.well-known/jwks.json").await, keys, "printed tickets stay good");
    host.signal("-KILL");
    drop(host);

    // What was dealt with is not begun again, and the demo data are not loaded over it.
    let host = Process::start(&["--data", &data.path()], &[]);
    assert_eq!(host.seat_status().await, "sold");
}

impl Process {
    async fn order(&self, id: &str) -> Value {
        let body = json!({ "item": "Pizza", "qty": 2, "student_id": "S", "order_id": id });
        let (status, order) = self.call(Method::POST, "/order", Uuid::nil(), &body).await;
        assert_eq!(status, 201, "{order}");
        order
    }

    async fn await_reserved(&self, id: &str) {
        let start = Instant::now();
        while self.get(&format!("/orders/{id}")).await["status"] != "RESERVED" {
            assert!(start.elapsed() < Duration::from_secs(10), "{id} is never reserved");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn pizzas(&self) -> (Value, Value) {
        let pizza = self.get("/inventory/Pizza").await;
        (pizza["stock"].clone(), pizza["reserved"].clone())
    }
}

/// Kills a host before it has published an order, and again when the order is reserved; then
/// `publish` sends the order by hand once more, to a third.
async fn duplicate_after_kills(broker: &[&str], publish: impl AsyncFn(&Process, &Value)) {
    let data = DataFile::new();
    let path = data.path();
    let arguments = [&["--data", &path], broker].concat();
    let host = Process::start(&arguments, &[("STREAM_BATCHING_SECONDS", "3600")]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let first = host.order("a").await;
    host.signal("-KILL");
    drop(host);

    let host = Process::start(&arguments, &[]);
    host.await_reserved("a").await;
    assert_eq!(host.pizzas().await, (json!(98), json!(2)));
    host.signal("-KILL");
    drop(host);

    let host = Process::start(&arguments, &[]);
    assert_eq!(host.order("a").await, first, "the first answer");
    for _ in 0..3 {
        publish(&host, &first).await;
    }
    host.order("b").await;
    host.await_reserved("b").await;
    assert_eq!(host.pizzas().await, (json!(96), json!(4)), "the menu is not put in anew either");
    let told = host.get("/notifications").await;
    let told = told.as_array().expect("a list").iter();
    assert_eq!(told.filter(|told| told["order_id"] == "a").count(), 1);
}

#[tokio::test]
async fn an_order_placed_before_a_kill_is_reserved_after_it_and_a_duplicate_is_still_a_duplicate() {
    duplicate_after_kills(&[], async |host, order| {
        let path = format!("{}/_host/exchanges/orders_exchange/order.placed", host.base);
        let sent = host.http.post(&path).body(order.to_string()).send().await;
        assert_eq!(sent.expect("an answer").status().as_u16(), 202);
    })
    .await;
}

#[tokio::test]
async fn so_it_is_on_rabbitmq() {
    let broker = VirtualHost::create().await;
    let client = broker.client().await;
    let arguments = ["--broker", "rabbitmq", "--amqp-url", &broker.url];
    duplicate_after_kills(&arguments, async |_, order| {
        let body = order.to_string();
        client.publish("orders_exchange", "order.placed", body.as_bytes()).await;
    })
    .await;
}

/// `marquee members …`: whether it succeeded, and what it said.
async fn members(url: &str, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_marquee"));
    command.args(["members", "--amqp-url", url, "--timeout-seconds", "5"]).args(arguments);
    let run = tokio::task::spawn_blocking(move || command.output().expect("the client"));
    let output = run.await.expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn members_seats_are_saved_and_asked_for_on_the_command_line() {
    let broker = VirtualHost::create().await;
    let host = Process::start(&["--broker", "rabbitmq", "--amqp-url", &broker.url], &[]);
    for (arguments, success, word) in [
        (vec!["get", "Ada"], false, "Member Not Found"),
        (vec!["save", "Ada", "1A"], true, "Member Saved"),
        (vec!["get", "Ada"], true, "1A"),
        (vec!["save", "Bob", "1A"], false, "Seat Taken"),
        (vec!["save", "Ada", "2B"], false, "replaces"),
        (vec!["save", "Ada", "2B", "--replaces", "1A"], true, "Member Saved"),
    ] {
        let (succeeded, said) = members(&broker.url, &arguments).await;
        assert!(succeeded == success && said.contains(word), "{arguments:?}: {said}");
    }
    drop(host);
    let (succeeded, said) = members(&broker.url, &["get", "Ada"]).await;
    assert!(!succeeded && said.contains("no answer within 5 s"), "{said}");
}

#[tokio::test]
async fn a_message_published_by_hand_that_is_none_of_ours_is_a_dead_letter_to_be_looked_at() {
    let host = Process::start(&[], &[]);
    let poison = "{\"event_type\":\"unheard of\"}";
    let path = format!("{}/_host/exchanges/ticketing_events/reservation.confirmed", host.base);
    let sent = host.http.post(path).body(poison).send().await.expect("an answer");
    assert_eq!(sent.status().as_u16(), 202);
    let start = Instant::now();
    let dead = loop {
        let dead = host.get("/_host/queues/event_service_queue/dead-letters").await;
        if dead.as_array().is_some_and(|letters| !letters.is_empty()) {
            break dead;
        }
        assert!(start.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(dead[0]["body"], poison);
    assert!(dead[0]["reason"].as_str().is_some_and(|reason| reason.contains("unheard of")));
}
