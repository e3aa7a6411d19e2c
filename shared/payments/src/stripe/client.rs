//! Requests to Stripe, and what its errors mean to us.

use std::time::Duration;

use marquee_payments_domain::provider::ProviderError;
use reqwest::{Response, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};

/// Stripe answers most requests within a second, and a confirmation when the bank has. A request that
/// takes longer may have been done all the same.
const TIMEOUT: Duration = Duration::from_secs(8);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// A request whose answer is lost is sent once more, with the same key.
const TRIES: u32 = 2;

/// What Stripe says is wrong.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ApiError {
    #[serde(rename = "type", default)]
    kind: String,
    code: Option<String>,
    pub(super) message: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    error: ApiError,
}

#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    secret_key: String,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Client {
    pub(super) fn new(url: &str, secret_key: &str) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).connect_timeout(CONNECT_TIMEOUT);
        Ok(Self {
            http: http.build()?,
            url: url.trim_end_matches('/').to_owned(),
            secret_key: secret_key.to_owned(),
        })
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ProviderError> {
        self.send(|| self.http.get(format!("{}{path}", self.url))).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        form: &[(&str, String)],
    ) -> Result<T, ProviderError> {
        self.send(|| {
            let request = self.http.post(format!("{}{path}", self.url));
            request.header("Idempotency-Key", key).form(form)
        })
        .await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        request: impl Fn() -> reqwest::RequestBuilder,
    ) -> Result<T, ProviderError> {
        let mut last = ProviderError::TimedOut;
        for _ in 0..TRIES {
            let request = request().bearer_auth(&self.secret_key);
            match request.send().await {
                Ok(response) => return read(response).await,
                Err(error) if error.is_connect() => {
                    last = ProviderError::Unavailable("no connection".into());
                }
                Err(_) => last = ProviderError::TimedOut,
            }
        }
        Err(last)
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, ProviderError> {
    let status = response.status();
    let body = response.bytes().await.map_err(|_| ProviderError::TimedOut)?;
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|error| {
            ProviderError::Refused(format!("an answer that cannot be read: {error}"))
        });
    }
    let ErrorBody { error } = serde_json::from_slice(&body).unwrap_or_default();
    Err(meaning(status, error))
}

fn meaning(status: StatusCode, error: ApiError) -> ProviderError {
    let what = || {
        let code = error.code.as_deref().unwrap_or(&error.kind);
        format!("{status} {code}: {}", error.message.as_deref().unwrap_or("no reason"))
    };
    match status {
        _ if error.kind == "card_error" => ProviderError::Declined(error.message),
        // Stripe itself failed, or has the same request under way, or enough of ours.
        _ if status.is_server_error() => ProviderError::Unavailable(what()),
        StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => ProviderError::Unavailable(what()),
        // A key that is wrong or revoked is put right by a person, and then the payment goes on.
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ProviderError::Unavailable(what()),
        _ => ProviderError::Refused(what()),
    }
}
