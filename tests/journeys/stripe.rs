//! A server that answers as Stripe does: `tests/stripe`, one for each test, or the one at `STRIPE_URL`
//! with a deployed system.

use std::{path::Path, sync::Arc};

use marquee_lambda::payments::PaymentSettings;
use marquee_payments::stripe::{self, webhook::Secrets};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use uuid::Uuid;

use crate::{harness::text, program};

pub(crate) const SECRET_KEY: &str = "sk_test_marquee";
pub(crate) const WEBHOOK_SECRET: &str = "whsec_marquee";
/// With which a browser speaks to it.
const PUBLISHABLE_KEY: &str = "pk_test_marquee";

pub(crate) struct Stripe {
    pub(crate) url: String,
    http: Client,
    /// Ends with it.
    _process: Option<Child>,
}

impl Stripe {
    pub(crate) fn running() -> Self {
        let url = marquee_testkit::server("STRIPE_URL");
        Self { url, http: Client::new(), _process: None }
    }

    pub(crate) async fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stripe/server.py");
        let mut program = Command::new("python3");
        program.arg(script).args(["--port", "0", "--secret-key", SECRET_KEY]);
        let (process, url) = program::start(program, "stripe: listening on ").await;
        Self { url, http: Client::new(), _process: Some(process) }
    }

    /// With this server as the provider.
    pub(crate) fn settings(&self, settings: PaymentSettings) -> PaymentSettings {
        provider_at(&self.url, settings)
    }

    /// Where to tell what becomes of payments.
    pub(crate) async fn notify(&self, url: &str) {
        let endpoint = json!({ "url": url, "secrets": [WEBHOOK_SECRET] });
        self.control("webhook", &endpoint).await;
    }

    pub(crate) async fn control(&self, what: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}/_test/{what}", self.url)).json(body);
        let response = request.send().await.expect("an answer");
        assert!(response.status().is_success(), "{what}: {}", response.status());
        response.json().await.expect("json")
    }

    /// What the buyer's browser does with a card.
    pub(crate) async fn pay(&self, begun: &Value, card: &str) -> Value {
        let url = format!("{}/v1/payment_intents/{}/confirm", self.url, text(&begun["reference"]));
        let form =
            [("payment_method", card.to_owned()), ("client_secret", text(&begun["client_secret"]))];
        let request = self.http.post(url).bearer_auth(PUBLISHABLE_KEY).form(&form);
        request.send().await.expect("an answer").json().await.expect("json")
    }

    /// What somebody does in the dashboard.
    pub(crate) async fn capture_by_hand(&self, reference: &str) {
        let url = format!("{}/v1/payment_intents/{reference}/capture", self.url);
        let response = self.http.post(url).bearer_auth(SECRET_KEY).send().await.expect("an answer");
        assert!(response.status().is_success(), "{}", response.status());
    }

    /// What it holds, has taken and has given back.
    pub(crate) async fn ledger(&self, reference: &str) -> Value {
        self.find(|entry| entry["payment_intent"] == reference).await
    }

    /// The same, of what pays for this thing.
    pub(crate) async fn ledger_of(&self, kind: &str, id: Uuid) -> Value {
        let id = id.to_string();
        self.find(|entry| {
            let metadata = &entry["metadata"];
            metadata["marquee_kind"] == kind && metadata["marquee_id"] == id
        })
        .await
    }

    async fn find(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        let url = format!("{}/_test/ledger", self.url);
        let all = self.http.get(url).send().await.expect("an answer");
        let all: Value = all.json().await.expect("json");
        let found = all.as_array().expect("a list").iter().find(|entry| is_it(entry));
        found.expect("the payment").clone()
    }

    pub(crate) async fn deliveries(&self) -> Vec<Value> {
        let url = format!("{}/_test/deliveries", self.url);
        let all: Value = self.http.get(url).send().await.expect("sent").json().await.expect("json");
        all.as_array().expect("a list").clone()
    }
}

/// With a server of Stripe's API as the provider.
pub(crate) fn provider_at(url: &str, settings: PaymentSettings) -> PaymentSettings {
    PaymentSettings {
        provider: Arc::new(stripe::Stripe::new(url, SECRET_KEY).expect("a client")),
        webhook_secrets: Arc::new(Secrets::new([WEBHOOK_SECRET.to_owned()])),
        ..settings
    }
}
