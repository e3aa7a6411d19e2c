//! Reading requests: what cannot be read is a problem that says where and why.

use std::str::FromStr;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{HeaderMap, StatusCode, request::Parts},
};
use marquee_kernel::ids::UserId;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    identity::{Caller, user_of},
    json::Object,
    problem::{MALFORMED_BODY, MALFORMED_REQUEST, PAYLOAD_TOO_LARGE, Problem},
};

/// A JSON body.
#[derive(Debug)]
pub struct Payload<T> {
    pub value: T,
    /// The body with its fields in order: the same for every way of writing the same request.
    pub canonical: Vec<u8>,
}

impl<T, S> FromRequest<S> for Payload<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = body(request, state).await?;
        parse(&bytes)
    }
}

/// A JSON body that may be missing altogether.
#[derive(Debug)]
pub struct OptionalPayload<T>(pub T);

impl<T, S> FromRequest<S> for OptionalPayload<T>
where
    T: DeserializeOwned + Default,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = body(request, state).await?;
        match bytes.trim_ascii() {
            b"" | b"null" => Ok(Self(T::default())),
            bytes => parse(bytes).map(|payload| Self(payload.value)),
        }
    }
}

/// The whole body.
pub async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = "the body is larger than this takes";
            Problem::new(&PAYLOAD_TOO_LARGE, detail.into())
        }
        _ => Problem::new(&MALFORMED_BODY, error.body_text()),
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<Payload<T>, Problem> {
    let json: Value = serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(&MALFORMED_BODY, format!("the body is not JSON: {error}")))?;
    let canonical = json.to_string().into_bytes();
    let Object(value) = serde_path_to_error::deserialize(json).map_err(|error| {
        let path = error.path().to_string();
        match error.into_inner().to_string() {
            // serde names a missing field in its message, and the path of its parent.
            missing if missing.starts_with("missing field `") => {
                let name = missing.split('`').nth(1).unwrap_or_default();
                let path = if path == "." { name.to_owned() } else { format!("{path}.{name}") };
                Problem::invalid_field(&path, "is missing")
            }
            detail => Problem::invalid_field(&path, detail),
        }
    })?;
    Ok(Payload { value, canonical })
}

/// A field of the body that is read by `FromStr`.
///
/// # Errors
/// 422, which names the field.
pub fn field<T: FromStr<Err: std::fmt::Display>>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error| Problem::invalid_field(name, error))
}

/// The query.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        let Query(value) =
            query.map_err(|error| Problem::new(&MALFORMED_REQUEST, error.body_text()))?;
        Ok(Self(value))
    }
}

/// A parameter of the query that is read by `FromStr`, if it is there.
///
/// # Errors
/// 400, which names the parameter.
pub fn parameter<T: FromStr<Err: std::fmt::Display>>(
    name: &str,
    text: Option<&str>,
) -> Result<Option<T>, Problem> {
    let parse =
        |text: &str| text.trim().parse().map_err(|error| Problem::invalid_parameter(name, error));
    text.map(parse).transpose()
}

/// A parameter of the query that is one of a few words.
///
/// # Errors
/// 400, which names the parameter and the words.
pub fn one_of<T: FromStr>(name: &str, text: &str, known: &[&str]) -> Result<T, Problem> {
    text.trim().parse().map_err(|_| {
        let detail = format!("{text:?} is none of {}", known.join(", "));
        Problem::invalid_parameter(name, detail)
    })
}

/// The one identifier in the path. What is no identifier cannot exist, so it is not found.
#[derive(Clone, Copy, Debug)]
pub struct PathId<T>(pub T);

impl<T, S> FromRequestParts<S> for PathId<T>
where
    T: FromStr,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|error| Problem::new(&MALFORMED_REQUEST, error.to_string()))?;
        let id = text.parse().map(Self);
        id.map_err(|_| Problem::not_found(&format!("thing: {text:?} is not an identifier")))
    }
}

/// The two identifiers in the path; see [`PathId`].
#[derive(Clone, Copy, Debug)]
pub struct PathIds<A, B>(pub A, pub B);

impl<A, B, S> FromRequestParts<S> for PathIds<A, B>
where
    A: FromStr,
    B: FromStr,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((one, other)) =
            Path::<(String, String)>::from_request_parts(parts, state)
                .await
                .map_err(|error| Problem::new(&MALFORMED_REQUEST, error.to_string()))?;
        match (one.parse(), other.parse()) {
            (Ok(one), Ok(other)) => Ok(Self(one, other)),
            _ => Err(Problem::not_found("thing: an identifier is not one")),
        }
    }
}

/// The buyer: the user of the token, or of `X-User-ID` where that is believed.
#[derive(Clone, Copy, Debug)]
pub struct Buyer(pub UserId);

impl<S: Send + Sync> FromRequestParts<S> for Buyer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let problem = |detail: &str| {
            Problem::new(&MALFORMED_REQUEST, format!("header X-User-ID {detail}"))
                .with("field", "X-User-ID")
        };
        let subject = caller.subject.as_deref().ok_or_else(|| problem("is missing"))?;
        match caller.is_believed() {
            true => subject.parse().map(Self).map_err(|_| problem("must be a UUID")),
            false => Ok(Self(user_of(subject))),
        }
    }
}

/// Whose things are asked for: the caller's, or those of the user that `?userId=` names, if the caller
/// may see them.
#[derive(Clone, Copy, Debug)]
pub struct Whose(pub UserId);

impl<S: Send + Sync> FromRequestParts<S> for Whose {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Named {
            user_id: Option<String>,
        }
        let Parameters(named) = Parameters::<Named>::from_request_parts(parts, state).await?;
        let named = parameter("userId", named.user_id.as_deref())?;
        let Buyer(own) = Buyer::from_request_parts(parts, state).await?;
        let Some(named) = named else { return Ok(Self(own)) };
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.whose(Some(named)).map(|_| Self(named))
    }
}

/// `Idempotency-Key`, if sent, and on whose behalf: a key is the caller's own.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    pub key: Option<String>,
    pub caller: String,
}

/// Longer than any UUID or hash that is used as one.
const IDEMPOTENCY_KEY_LEN_MAX: usize = 255;

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let key = header(&parts.headers, "idempotency-key");
        if key.is_some_and(|key| key.is_empty() || key.len() > IDEMPOTENCY_KEY_LEN_MAX) {
            let detail =
                format!("Idempotency-Key must have 1 to {IDEMPOTENCY_KEY_LEN_MAX} characters");
            return Err(Problem::new(&MALFORMED_REQUEST, detail).with("field", "Idempotency-Key"));
        }
        let key = key.map(str::to_owned);
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Self { key, caller: caller.subject.unwrap_or_default() })
    }
}

#[cfg(feature = "store")]
impl IdempotencyKey {
    /// The hash for a request of `scope`: the route, and what it is about.
    pub fn hash(
        &self,
        scope: &str,
        canonical_body: &[u8],
    ) -> Option<marquee_dynamo::idempotency::IdempotencyHash> {
        let scope = format!("{scope}\n{}", self.caller);
        let key = self.key.as_deref()?;
        Some(marquee_dynamo::idempotency::IdempotencyHash::new(&scope, key, canonical_body))
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default().trim())
}
