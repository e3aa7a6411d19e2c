//! API Gateway's JWT authorizer: whose tokens are good, and what they say.
//!
//! As there, a token is good if it is signed with RSA by a key that the issuer publishes, names the
//! issuer and the audience, and its time has come and is not over. Keys are fetched when the host
//! starts, from time to time, and when a token names one that is not known yet.

use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use marquee_lambda::Error;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use crate::settings::Oidc;

const TIMEOUT: Duration = Duration::from_secs(5);
/// A key that its issuer no longer publishes is believed for no longer than this.
const KEYS_FOR: Duration = Duration::from_secs(300);
/// Tokens that name unknown keys do not make us ask more often than this.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Those that API Gateway takes.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512];

#[derive(Debug, Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Debug)]
struct Keys {
    set: JwkSet,
    fetched: Instant,
    /// Whether or not the issuer answered then.
    asked: Instant,
}

/// The tokens of one issuer for one audience.
#[derive(Debug)]
pub struct Tokens {
    http: reqwest::Client,
    issuer: String,
    audience: String,
    jwks_uri: String,
    keys: Mutex<Keys>,
}

impl Tokens {
    /// # Errors
    /// If the issuer cannot be asked, or is another than it should be.
    pub async fn discover(oidc: &Oidc) -> Result<Self, Error> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).build()?;
        let url = format!("{}/.well-known/openid-configuration", oidc.issuer.trim_end_matches('/'));
        let Discovery { issuer, jwks_uri } = fetch(&http, &url).await?;
        if issuer != oidc.issuer {
            return Err(format!("--oidc-issuer {}: it calls itself {issuer}", oidc.issuer).into());
        }
        let now = Instant::now();
        let keys = Keys { set: fetch(&http, &jwks_uri).await?, fetched: now, asked: now };
        let audience = oidc.audience.clone();
        Ok(Self { http, issuer, audience, jwks_uri, keys: Mutex::new(keys) })
    }

    /// The claims of a token, as API Gateway hands them over: each as text.
    ///
    /// # Errors
    /// If the token is not good, with the reason.
    pub async fn claims(&self, token: &str) -> Result<Map<String, Value>, String> {
        let header = decode_header(token).map_err(|error| error.to_string())?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(format!("{:?} is no algorithm that is taken", header.alg));
        }
        let key_id = header.kid.ok_or("it names no key")?;
        let key = self.key(&key_id).await.ok_or("its key is none of the issuer's")?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        validation.validate_nbf = true;
        validation.leeway = 0;
        // Who it is for is looked at below: it may also be said by `client_id`.
        validation.validate_aud = false;
        let claims = decode::<Map<String, Value>>(token, &key, &validation);
        let claims = claims.map_err(|error| error.to_string())?.claims;
        let meant = claims.get("aud").or_else(|| claims.get("client_id"));
        let meant = meant.is_some_and(|audience| match audience {
            Value::Array(several) => several.iter().any(|one| *one == *self.audience),
            one => *one == *self.audience,
        });
        match meant {
            true => Ok(claims.into_iter().map(|(name, value)| (name, as_text(value))).collect()),
            false => Err("it is for another audience".into()),
        }
    }

    async fn key(&self, id: &str) -> Option<DecodingKey> {
        let mut keys = self.keys.lock().await;
        let wanted = keys.fetched.elapsed() > KEYS_FOR || keys.set.find(id).is_none();
        if wanted && keys.asked.elapsed() > ASK_AGAIN_AFTER {
            match fetch(&self.http, &self.jwks_uri).await {
                Ok(set) => (keys.set, keys.fetched) = (set, Instant::now()),
                Err(error) => tracing::warn!(%error, "the issuer's keys cannot be fetched"),
            }
            // After it has answered: those who waited for that do not ask again in turn.
            keys.asked = Instant::now();
        }
        let key = keys.set.find(id).filter(|_| keys.fetched.elapsed() <= KEYS_FOR);
        DecodingKey::from_jwk(key?).ok()
    }
}

async fn fetch<T: for<'de> Deserialize<'de>>(
    http: &reqwest::Client,
    url: &str,
) -> Result<T, Error> {
    let response = http.get(url).send().await.and_then(reqwest::Response::error_for_status);
    Ok(response.map_err(|error| format!("{url}: {error}"))?.json().await?)
}

fn as_text(claim: Value) -> Value {
    match claim {
        Value::String(text) => json!(text),
        Value::Array(several) => {
            let words: Vec<_> = several.into_iter().map(as_text).collect();
            let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
            json!(format!("[{}]", words.join(" ")))
        }
        other => json!(other.to_string()),
    }
}
