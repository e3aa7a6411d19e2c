//! A system to talk to, and short words for talking to it.

use std::time::{Duration, Instant};

use marquee_host::{Host, settings::Settings};
use marquee_testkit::{http, rabbitmq::VirtualHost};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    oidc::Issuer,
    reply::Reply,
    scene::Scene,
    stripe::Stripe,
    target::{FEW_RETRIES, Stack, Target},
    wire::Wire,
};

/// The system under test.
pub(crate) struct Marquee {
    http: Client,
    pub(crate) base: String,
    /// How long it holds seats.
    pub(crate) hold: Duration,
    pub(crate) target: Target,
    /// What the names of a deployed system's queues begin with.
    name_prefix: String,
    /// Of the host's broker, if it is a RabbitMQ.
    virtual_host: Option<VirtualHost>,
    _host: Option<Host>,
}

impl Marquee {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With holds that a test can wait for: of this many milliseconds on a host of its own, of
    /// some seconds on a deployed system.
    pub(crate) async fn start_with_hold(millis: u64) -> Self {
        let target = Target::from_env();
        if let Target::Deployed(stacks) = &target {
            return Self::deployed(stacks.brief.clone(), target);
        }
        Self::start_with(|settings| {
            settings.policy.hold_for = Duration::from_millis(millis);
            settings.expire_every = Duration::from_millis(100);
        })
        .await
    }

    /// Whose payments go to this server, which tells it what becomes of them; with holds that a test
    /// can wait for.
    pub(crate) async fn start_with_stripe() -> (Self, Stripe) {
        let target = Target::from_env();
        if let Target::Deployed(stacks) = &target {
            let server = Stripe::running();
            return (Self::deployed(stacks.stripe.clone(), target), server);
        }
        let server = Stripe::start().await;
        let marquee = Self::start_with(|settings| {
            settings.policy.hold_for = Duration::from_secs(5);
            settings.expire_every = Duration::from_millis(100);
            settings.payments = server.settings(settings.payments.clone());
        })
        .await;
        server.notify(&format!("{}/api/v1/payments/webhook", marquee.base)).await;
        (marquee, server)
    }

    /// That knows callers by tokens of this issuer.
    pub(crate) async fn start_with_tokens() -> (Self, Issuer) {
        let target = Target::from_env();
        if let Target::Deployed(stacks) = &target {
            return (Self::deployed(stacks.tokens.clone(), target), Issuer::running());
        }
        let issuer = Issuer::start().await;
        let marquee = Self::start_with(|settings| settings.oidc = Some(issuer.settings())).await;
        (marquee, issuer)
    }

    /// That knows callers by tokens, and consumes what it publishes. The deployed system that takes tokens
    /// publishes to a RabbitMQ, from which no emulator consumes: there it is a host of the test's own.
    pub(crate) async fn start_with_tokens_and_consumers() -> (Self, Issuer) {
        let target = Target::from_env();
        if !matches!(target, Target::Deployed(_)) {
            return Self::start_with_tokens().await;
        }
        let issuer = Issuer::start().await;
        let marquee = Self::start_here(|settings| settings.oidc = Some(issuer.settings())).await;
        (marquee, issuer)
    }

    /// A host of the test's own with the in-process broker, on any target.
    pub(crate) async fn start_here(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_on(Target::Memory, change).await
    }

    /// With nobody else around who would notice that something is not there for a while.
    pub(crate) async fn start_to_break() -> Self {
        let target = Target::from_env();
        match &target {
            Target::Deployed(stacks) => Self::deployed(stacks.brief.clone(), target),
            Target::Memory | Target::RabbitMq => Self::start().await,
        }
    }

    /// Whose consumers give a message up after a few tries: on a host at once, on a deployed system
    /// within some seconds.
    pub(crate) async fn start_with_few_retries() -> Self {
        let target = Target::from_env();
        if let Target::Deployed(stacks) = &target {
            return Self::deployed(stacks.brief.clone(), target);
        }
        Self::start_with(|settings| settings.retry = Some(FEW_RETRIES)).await
    }

    async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let target = Target::from_env();
        if let Target::Deployed(stacks) = &target {
            return Self::deployed(stacks.full.clone(), target);
        }
        Self::start_on(target, change).await
    }

    async fn start_on(target: Target, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::from_env().expect("settings");
        let virtual_host = target.virtual_host().await;
        settings.amqp_url = virtual_host.as_ref().map(|host| host.url.clone());
        // Each journey sees what is there at this moment, but for those about just this.
        settings.seat_map_max_age = Duration::from_millis(1);
        change(&mut settings);
        let hold = settings.policy.hold_for;
        let host = Host::start(settings).await.expect("a host");
        let base = format!("http://{}", host.address);
        let name_prefix = String::new();
        let (http, _host) = (Client::new(), Some(host));
        Self { http, base, hold, target, name_prefix, virtual_host, _host }
    }

    fn deployed(stack: Stack, target: Target) -> Self {
        let Stack { url, name_prefix, hold } = stack;
        let http = http::client(&url);
        Self { http, base: url, hold, target, name_prefix, virtual_host: None, _host: None }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Reply {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("a body").to_vec();
        Reply { status, headers, bytes }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], None).await
    }

    pub(crate) async fn get_as(&self, user: Uuid, path: &str) -> Reply {
        self.send(Method::GET, path, &[("x-user-id", &user.to_string())], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, &[], Some(body.to_string())).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::PUT, path, &[], Some(body.to_string())).await
    }

    pub(crate) async fn post_as(&self, user: Uuid, path: &str, body: &Value) -> Reply {
        let user = user.to_string();
        self.send(Method::POST, path, &[("x-user-id", &user)], Some(body.to_string())).await
    }

    pub(crate) async fn delete_as(&self, user: Uuid, path: &str) -> Reply {
        self.send(Method::DELETE, path, &[("x-user-id", &user.to_string())], None).await
    }

    /// A list to its end: where others have things too, a page may be empty and still lead to
    /// the next.
    pub(crate) async fn all(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = path.to_owned();
        let separator = if path.contains('?') { '&' } else { '?' };
        loop {
            let reply = self.get(&next).await;
            let page = reply.expect(200);
            // Some lists are bare arrays, with the way to the next page beside them.
            if let Some(bare) = page.as_array() {
                items.extend(bare.iter().cloned());
                let Some(link) = reply.next_page() else { return items };
                next = link;
                continue;
            }
            items.extend(page["items"].as_array().expect("a list").iter().cloned());
            let Some(cursor) = page["next_cursor"].as_str() else { return items };
            next = format!("{path}{separator}cursor={cursor}");
        }
    }

    pub(crate) async fn reserve(&self, user: Uuid, session: &str, seats: &[&str]) -> Reply {
        self.post_as(user, "/api/v1/reservations", &wanted(session, seats)).await
    }

    /// A reservation's id, of a hold that must succeed.
    pub(crate) async fn hold(&self, user: Uuid, session: &str, seats: &[&str]) -> String {
        text(&self.reserve(user, session, seats).await.expect(201)["id"])
    }

    pub(crate) async fn confirm(&self, user: Uuid, reservation: &str, payment: &str) -> Reply {
        let path = format!("/api/v1/reservations/{reservation}/confirm");
        self.post_as(user, &path, &json!({ "payment_id": payment })).await
    }

    /// Waits until the reservation's payment has this status.
    pub(crate) async fn await_payment(&self, user: Uuid, id: &str, status: &str) -> Value {
        let mut seen = Value::Null;
        let found = eventually(async || {
            seen = self.get_as(user, &format!("/api/v1/reservations/{id}")).await.expect(200);
            seen["payment"]["status"] == status
        });
        assert!(found.await, "never {status}: {seen}");
        seen
    }

    pub(crate) async fn seats(&self, session: &str) -> Vec<Value> {
        let seats = self.get(&format!("/api/v1/sessions/{session}/seats")).await.expect(200);
        seats.as_array().expect("a list").clone()
    }

    pub(crate) async fn seat(&self, session: &str, id: &str) -> Value {
        let seats = self.seats(session).await;
        seats.into_iter().find(|seat| seat["session_seat_id"] == id).expect("the seat")
    }

    /// Waits until the seat has this status.
    pub(crate) async fn await_status(&self, session: &str, id: &str, status: &str) -> Value {
        let mut seen = Value::Null;
        let found = eventually(async || {
            seen = self.seat(session, id).await;
            seen["status"] == status
        });
        assert!(found.await, "never {status}: {seen}");
        seen
    }

    /// A session of its own, in a hall of equal rows.
    pub(crate) async fn new_session(&self, rows: u16, seats_per_row: u16) -> String {
        self.new_session_in_hall(rows, seats_per_row, 40).await.0
    }

    pub(crate) async fn new_session_in_hall(
        &self,
        rows: u16,
        seats_per_row: u16,
        base_price: u32,
    ) -> (String, String) {
        let location = self.post("/api/v1/locations", &json!({ "name": "Here" })).await.expect(201);
        let halls = format!("/api/v1/locations/{}/halls", text(&location["location_id"]));
        let hall = text(&self.post(&halls, &json!({ "name": "Big" })).await.expect(201)["hall_id"]);
        let plan = json!({ "row_count": rows, "seats_per_row": seats_per_row });
        self.post(&format!("/api/v1/halls/{hall}/seats"), &plan).await.expect(201);
        let organizer = self.post("/api/v1/organizers", &json!({ "name": "We" })).await.expect(201);
        let event = json!({ "title": "It", "organizer_id": organizer["organizer_id"] });
        let event = self.post("/api/v1/events", &event).await.expect(201);
        let session = json!({
            "event_id": event["event_id"], "hall_id": hall, "base_price": base_price,
            "start_time": "2030-01-01T19:00:00Z", "end_time": "2030-01-01T22:00:00Z",
        });
        let session = self.post("/api/v1/sessions", &session).await.expect(201);
        (text(&session["session_id"]), hall)
    }

    pub(crate) async fn seat_ids(&self, session: &str) -> Vec<String> {
        self.seats(session).await.iter().map(|seat| text(&seat["session_seat_id"])).collect()
    }

    /// What the names of its queues and functions begin with, if it is a deployed system.
    pub(crate) fn deployed_prefix(&self) -> Option<&str> {
        self._host.is_none().then_some(self.name_prefix.as_str())
    }

    /// Of the host's broker, if it is a RabbitMQ.
    pub(crate) fn amqp_url(&self) -> Option<String> {
        self.virtual_host.as_ref().map(|host| host.url.clone())
    }

    /// What a client of the broker can do that knows nothing of us.
    pub(crate) async fn wire(&self) -> Wire<'_> {
        match (&self.virtual_host, &self._host) {
            (Some(host), _) => Wire::RabbitMq(Box::new(host.client().await)),
            (None, Some(_)) => Wire::Memory(self),
            (None, None) => Wire::deployed(self.name_prefix.clone()).await,
        }
    }

    /// How many of `count` clients to be: a deployed system's emulator is slower by far than the
    /// system itself.
    pub(crate) fn crowd(&self, count: usize) -> usize {
        self.target.crowd(count)
    }

    /// What the user-flow document works with: its own identifiers on a host, which has them as
    /// demo data; the like on a deployed system, where others may have used them before.
    pub(crate) async fn scene(&self) -> Scene {
        if self.deployed_prefix().is_none() {
            return Scene::demo();
        }
        let (session, hall) = self.new_session_in_hall(2, 12, 100).await;
        let seats = self.seats(&session).await;
        let tier = json!({ "name": "Standard", "multiplier": 1 });
        let tier = self.post("/api/v1/price-tiers", &tier).await.expect(201);
        Scene {
            user: Uuid::new_v4(),
            session,
            hall,
            price_tier: text(&tier["price_tier_id"]),
            seat_4: text(&seats[3]["session_seat_id"]),
            hall_seat_4: text(&seats[3]["seat_id"]),
            seat_5: text(&seats[4]["session_seat_id"]),
        }
    }
}

pub(crate) fn wanted(session: &str, seats: &[&str]) -> Value {
    let seats: Vec<_> = seats.iter().map(|seat| json!({ "session_seat_id": seat })).collect();
    json!({ "session_id": session, "seats": seats })
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is not text")).to_owned()
}

/// A busy machine may need half of it to do what is asked for.
pub(crate) const EVENTUALLY: Duration = Duration::from_secs(60);

/// Asks again for up to a minute.
pub(crate) async fn eventually(condition: impl AsyncFnMut() -> bool) -> bool {
    within(EVENTUALLY, condition).await
}

/// Asks again until this time is over, less and less often: each question is work for the system too.
pub(crate) async fn within(time: Duration, mut condition: impl AsyncFnMut() -> bool) -> bool {
    let start = Instant::now();
    let mut pause = Duration::from_millis(10);
    while start.elapsed() < time {
        if condition().await {
            return true;
        }
        tokio::time::sleep(pause).await;
        pause = pause.mul_f64(1.3).min(Duration::from_millis(500));
    }
    false
}

/// A payment that nobody has used yet.
pub(crate) fn payment() -> String {
    Uuid::new_v4().to_string()
}
