//! Every error a caller can get, as `application/problem+json` (RFC 9457).
//!
//! The `type` is stable: clients switch on it. `detail` is for people and may change.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
pub use marquee_kernel::problem::{
    ALREADY_EXISTS, AsProblem, BUSY, FORBIDDEN, IDEMPOTENCY_KEY_REUSED, INTERNAL, INVALID_FIELD,
    MALFORMED_BODY, MALFORMED_REQUEST, METHOD_NOT_ALLOWED, NOT_FOUND, PAYLOAD_TOO_LARGE,
    ProblemType, REQUEST_IN_PROGRESS, TOO_MANY_REQUESTS, UNAUTHENTICATED,
};
use serde_json::{Map, Value, json};
#[cfg(feature = "store")]
use std::error::Error as _;

#[derive(Clone, Debug)]
pub struct Problem {
    pub kind: &'static ProblemType,
    pub detail: String,
    pub extensions: Map<String, Value>,
}

impl Problem {
    pub fn new(kind: &'static ProblemType, detail: String) -> Self {
        Self { kind, detail, extensions: Map::new() }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extensions.insert(name.to_owned(), value.into());
        self
    }

    pub fn invalid_field(path: &str, detail: impl std::fmt::Display) -> Self {
        Self::new(&INVALID_FIELD, format!("{path}: {detail}")).with("field", path)
    }

    /// Of the query.
    pub fn invalid_parameter(name: &str, detail: impl std::fmt::Display) -> Self {
        Self::new(&MALFORMED_REQUEST, format!("{name} {detail}")).with("field", name)
    }

    /// A rule that said no.
    pub fn of(refusal: &impl AsProblem) -> Self {
        let problem = Self::new(refusal.problem(), refusal.to_string());
        match refusal.member() {
            Some((name, value)) => problem.with(name, value),
            None => problem,
        }
    }

    /// One caller asks for too much.
    pub fn too_many(detail: String, retry_after_seconds: i64) -> Self {
        Self::new(&TOO_MANY_REQUESTS, detail).with("retry_after", retry_after_seconds.max(1))
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(&NOT_FOUND, format!("no such {what}"))
    }

    fn to_json(&self) -> Value {
        let mut json = json!({
            "type": format!("/problems/{}", self.kind.slug),
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
        });
        if let Value::Object(members) = &mut json {
            members.extend(self.extensions.clone());
        }
        json
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response =
            (status, [(header::CONTENT_TYPE, content_type)], self.to_json().to_string())
                .into_response();
        let wait = match self.kind {
            kind if *kind == BUSY || *kind == REQUEST_IN_PROGRESS => Some(1),
            _ => self.extensions.get("retry_after").and_then(Value::as_i64),
        };
        if let Some(wait) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

#[cfg(feature = "store")]
impl From<marquee_dynamo::error::StoreError> for Problem {
    fn from(error: marquee_dynamo::error::StoreError) -> Self {
        use marquee_dynamo::error::StoreError::{Permanent, Transient};
        let sources = std::iter::successors(error.source(), |error| (*error).source());
        let causes: Vec<_> = sources.map(ToString::to_string).collect();
        match error {
            Transient { what, .. } => {
                tracing::warn!(what, ?causes, "storage is busy or not reachable");
                Self::new(&BUSY, "storage is busy; try again in a moment".into())
            }
            Permanent { what, .. } => {
                tracing::error!(what, ?causes, "storage failed");
                Self::new(&INTERNAL, "the request failed on our side".into())
            }
        }
    }
}

#[cfg(all(feature = "http", feature = "payments"))]
impl From<marquee_payments::settlement::PaymentError> for Problem {
    fn from(error: marquee_payments::settlement::PaymentError) -> Self {
        use marquee_payments::settlement::PaymentError::{Provider, Store};
        match error {
            Provider(error) => {
                tracing::info!(%error, "no payment");
                Self::of(&error)
            }
            Store(error) => error.into(),
        }
    }
}
