//! The system, as anybody can use it: over HTTP.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::{BoxFuture, FutureExt};
use marquee_lambda::Error;
use reqwest::{Client, Method, header::RETRY_AFTER};
use serde_json::Value;
use uuid::Uuid;

use crate::meter::{Kind, Meter};

const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Of a request that gets no answer, or that the system is too busy for.
const TRIES_MAX: usize = 8;
const PAUSES: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(500)..=Duration::from_secs(8);

#[derive(Clone, Debug)]
pub struct Api {
    http: Client,
    url: String,
    pub meter: Arc<Meter>,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub kind: Kind,
    pub method: Method,
    pub path: String,
    pub user: Option<Uuid>,
    pub pass: Option<String>,
    /// A repeated request with the same key is answered like the first.
    pub key: Option<Uuid>,
    pub body: Option<Value>,
    /// From when on the answer is waited for, if it is not when it is sent.
    pub since: Option<Instant>,
}

impl Request {
    pub fn new(kind: Kind, method: Method, path: impl Into<String>) -> Self {
        let path = path.into();
        Self { kind, method, path, user: None, pass: None, key: None, body: None, since: None }
    }

    #[must_use]
    pub fn by(self, user: Uuid) -> Self {
        Self { user: Some(user), ..self }
    }

    #[must_use]
    pub fn with(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    retry_after: Option<u64>,
}

impl Answer {
    /// The last part of a problem's type, as in `sale-over`.
    pub fn problem(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or_default();
        kind.rsplit(['/', ':', '#']).next().unwrap_or_default()
    }

    fn is_busy(&self) -> bool {
        self.status == 429 || self.status >= 500
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, self.body)
    }
}

impl Api {
    pub fn at(url: impl Into<String>) -> Self {
        let url = url.into().trim_end_matches('/').to_owned();
        Self { http: Client::new(), url, meter: Arc::default() }
    }

    /// Where visitors connect.
    pub fn live_url(&self) -> String {
        format!("{}/live", self.url.replacen("http", "ws", 1))
    }

    /// The answer, in the end: a request that comes to nothing is sent again for a while. In a box, for a
    /// hundred thousand who wait are to take little room meanwhile.
    pub fn ask(&self, request: Request) -> BoxFuture<'_, Result<Answer, Error>> {
        async move {
            let mut pause = *PAUSES.start();
            let mut tries = 0;
            loop {
                tries += 1;
                let (trouble, wait) = match self.once(&request, tries == 1).await {
                    Ok(answer) if !answer.is_busy() => return Ok(answer),
                    Ok(busy) => {
                        (busy.status.to_string(), busy.retry_after.map(Duration::from_secs))
                    }
                    Err(error) if error.is_timeout() => ("no answer in time".to_owned(), None),
                    Err(error) => (innermost(&error), None),
                };
                self.meter.trouble(format!("{:?}: {trouble}", request.kind).to_lowercase());
                if tries == TRIES_MAX {
                    let Request { method, path, .. } = request;
                    return Err(format!("{method} {path}: {trouble}").into());
                }
                tokio::time::sleep(wait.unwrap_or_default().max(pause)).await;
                pause = (pause * 2).min(*PAUSES.end());
            }
        }
        .boxed()
    }

    /// The body of an answer that is as it has to be.
    pub async fn must(&self, request: Request) -> Result<Value, Error> {
        let what = format!("{} {}", request.method, request.path);
        let answer = self.ask(request).await?;
        match answer.status {
            200..300 => Ok(answer.body),
            _ => Err(format!("{what}: {answer}").into()),
        }
    }

    pub async fn post(&self, path: impl Into<String>, body: Value) -> Result<Value, Error> {
        self.must(Request::new(Kind::Other, Method::POST, path).with(body)).await
    }

    pub async fn get(&self, path: impl Into<String>) -> Result<Value, Error> {
        self.must(Request::new(Kind::Other, Method::GET, path)).await
    }

    async fn once(&self, request: &Request, first: bool) -> Result<Answer, reqwest::Error> {
        let url = format!("{}{}", self.url, request.path);
        let mut sent = self.http.request(request.method.clone(), url).timeout(ANSWER_MAX);
        if let Some(user) = request.user {
            sent = sent.header("x-user-id", user.to_string());
        }
        if let Some(pass) = &request.pass {
            sent = sent.header("x-queue-pass", pass);
        }
        if let Some(key) = request.key {
            sent = sent.header("idempotency-key", key.to_string());
        }
        if let Some(body) = &request.body {
            sent = sent.json(body);
        }
        let since = request.since.filter(|_| first).unwrap_or_else(Instant::now);
        let answer = sent.send().await?;
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|value| value.parse().ok());
        let bytes = answer.bytes().await?;
        self.meter.took(request.kind, since.elapsed());
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(Answer { status, body, retry_after })
    }
}

/// What is at the bottom of it, as in `Connection refused`.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
