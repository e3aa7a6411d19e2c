//! An OpenID Connect provider: `tests/oidc`, one for each test, or the one at `OIDC_ISSUER` with a deployed
//! system.

use std::path::Path;

use marquee_host::settings::Oidc;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::program;

pub(crate) const AUDIENCE: &str = "marquee";

pub(crate) struct Issuer {
    url: String,
    http: Client,
    /// Ends with it.
    _process: Option<Child>,
}

/// What a token says, beside what every token does.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) sub: String,
    pub(crate) scope: String,
    pub(crate) audience: String,
    pub(crate) expires_in: i64,
    /// Laid over its other claims.
    pub(crate) claims: Value,
}

impl Token {
    pub(crate) fn of(sub: &str, scope: &str) -> Self {
        let (audience, claims) = (AUDIENCE.to_owned(), json!({}));
        Self { sub: sub.into(), scope: scope.into(), audience, expires_in: 3600, claims }
    }

    pub(crate) fn claiming(self, claims: Value) -> Self {
        Self { claims, ..self }
    }
}

impl Issuer {
    pub(crate) fn running() -> Self {
        let url = marquee_testkit::server("OIDC_ISSUER");
        Self { url, http: Client::new(), _process: None }
    }

    pub(crate) async fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        // localstack/tools installs it.
        let mut program = Command::new(root.join("target/tools/oidc/node"));
        program.arg(root.join("tests/oidc/provider.mjs"));
        let (process, url) = program::start(program, "issues as ").await;
        Self { url, http: Client::new(), _process: Some(process) }
    }

    pub(crate) fn settings(&self) -> Oidc {
        Oidc { issuer: self.url.clone(), audience: AUDIENCE.into() }
    }

    pub(crate) async fn token(&self, token: &Token) -> String {
        let body = json!({
            "grant_type": "client_credentials", "sub": token.sub, "scope": token.scope,
            "aud": token.audience, "expires_in": token.expires_in, "claims": token.claims,
        });
        let issued = self.http.post(format!("{}/token", self.url)).json(&body).send().await;
        let issued: Value = issued.expect("an answer").json().await.expect("json");
        issued["access_token"].as_str().unwrap_or_else(|| panic!("{issued}")).to_owned()
    }

    /// Another key signs from now on, and the old one is forgotten.
    pub(crate) async fn rotate(&self) {
        let rotated = self.http.post(format!("{}/_test/rotate", self.url)).json(&json!({}));
        assert!(rotated.send().await.expect("an answer").status().is_success());
    }
}
