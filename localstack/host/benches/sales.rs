//! How fast a host sells as it goes on selling: the last of many sales beside the first, in one run.
//!
//! `cargo bench -p marquee-host --bench sales`, with `SALES` (50000) and `DATA=FILE`. Sixteen clients buy
//! a seat each, over and over: hold, pay, and the event's way to the seat besides. Look at the ratio: the
//! rates are this machine's.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use marquee_host::{Host, settings::Settings};
use reqwest::Client;
use serde_json::{Value, json};
use uuid::Uuid;

const CLIENTS: usize = 16;
const SEATS_PER_SESSION: usize = 10_000;
/// Sales that are timed together.
const STRETCH: usize = 2_000;

struct Shop {
    http: Client,
    url: String,
}

impl Shop {
    async fn send(&self, method: reqwest::Method, path: &str, user: Uuid, body: &Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let answer = request.header("x-user-id", user.to_string()).json(body).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status();
        let body: Value = answer.json().await.expect("json");
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    async fn post(&self, path: &str, user: Uuid, body: &Value) -> Value {
        self.send(reqwest::Method::POST, path, user, body).await
    }

    /// A session of 10,000 seats, and these.
    async fn session(&self) -> (String, Vec<String>) {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let nobody = Uuid::nil();
        let named = json!({ "name": "Here" });
        let location = self.post("/api/v1/locations", nobody, &named).await;
        let halls = format!("/api/v1/locations/{}/halls", text(&location["location_id"]));
        let hall = text(&self.post(&halls, nobody, &named).await["hall_id"]);
        let plan = json!({ "row_count": 300, "seats_per_row": 34 });
        self.post(&format!("/api/v1/halls/{hall}/seats"), nobody, &plan).await;
        let organizer = self.post("/api/v1/organizers", nobody, &named).await;
        let event = json!({ "title": "It", "organizer_id": organizer["organizer_id"] });
        let event = self.post("/api/v1/events", nobody, &event).await;
        let session = json!({
            "event_id": event["event_id"], "hall_id": hall, "base_price": 40,
            "start_time": "2035-01-01T19:00:00Z", "end_time": "2035-01-01T22:00:00Z",
        });
        let session = text(&self.post("/api/v1/sessions", nobody, &session).await["session_id"]);
        let path = format!("/api/v1/sessions/{session}/seats");
        let seats = self.send(reqwest::Method::GET, &path, nobody, &Value::Null).await;
        let seats = seats.as_array().expect("seats").iter().take(SEATS_PER_SESSION);
        (session, seats.map(|seat| text(&seat["session_seat_id"])).collect())
    }

    async fn buy(&self, session: &str, seat: &str) {
        let user = Uuid::new_v4();
        let wanted = json!({ "session_id": session, "seats": [{ "session_seat_id": seat }] });
        let held = self.post("/api/v1/reservations", user, &wanted).await;
        let path = format!("/api/v1/reservations/{}/confirm", held["id"].as_str().expect("an id"));
        let payment = json!({ "payment_id": user });
        self.post(&path, user, &payment).await;
    }
}

/// Of this process, in MB.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or_default() * 4 / 1_024
}

#[tokio::main]
#[allow(clippy::print_stdout)]
async fn main() {
    let count = std::env::var("SALES").map_or(50_000, |count| count.parse().expect("a number"));
    let data = std::env::var_os("DATA").map(Into::into);
    let settings = Settings { data, ..Settings::from_env().expect("settings") };
    let host = Host::start(settings).await.expect("a host");
    let shop = Arc::new(Shop { http: Client::new(), url: format!("http://{}", host.address) });
    let mut rates = Vec::new();
    let mut seats: Vec<(String, String)> = Vec::new();
    println!("{:>8} {:>8} {:>6}", "sales", "sales/s", "MB");
    for stretch in 0..count / STRETCH {
        while seats.len() < STRETCH {
            let (session, more) = shop.session().await;
            seats.extend(more.into_iter().map(|seat| (session.clone(), seat)));
        }
        let wanted: Arc<Vec<_>> = Arc::new(seats.drain(..STRETCH).collect());
        let next = Arc::new(AtomicUsize::new(0));
        let began = Instant::now();
        let clients = (0..CLIENTS).map(|_| {
            let (shop, wanted, next) = (Arc::clone(&shop), Arc::clone(&wanted), Arc::clone(&next));
            tokio::spawn(async move {
                while let Some((session, seat)) = wanted.get(next.fetch_add(1, Ordering::SeqCst)) {
                    shop.buy(session, seat).await;
                }
            })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.expect("it buys");
        }
        let rate = STRETCH as f64 / began.elapsed().as_secs_f64();
        println!("{:>8} {rate:>8.0} {:>6}", (stretch + 1) * STRETCH, resident());
        rates.push(rate);
    }
    let (first, last) = (rates[0], rates[rates.len() - 1]);
    println!("the last {STRETCH} beside the first: {:.2}", last / first);
    tokio::time::sleep(Duration::from_secs(1)).await;
    host.stop().await;
}
