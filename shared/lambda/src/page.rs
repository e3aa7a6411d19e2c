//! Lists, a page at a time.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::{MALFORMED_REQUEST, Problem};

const LIMIT_DEFAULT: u16 = 50;
/// A page of the largest entries stays far below a function's answer of 6 MB.
const LIMIT_MAX: u16 = 1_000;
/// A sort key takes no more.
const KEY_BYTES_MAX: usize = 1_024;

/// `?limit=…&cursor=…`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    pub limit: u16,
    /// Where the last page ended.
    pub after: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PageResponse<T> {
    pub items: Vec<T>,
    /// To be sent as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl<T> PageResponse<T> {
    pub fn new(items: Vec<T>, next: Option<&str>) -> Self {
        Self { items, next_cursor: next.map(encode_cursor) }
    }
}

pub fn unknown_cursor() -> Problem {
    let detail = "cursor is not one that a list has given";
    Problem::new(&MALFORMED_REQUEST, detail.into()).with("field", "cursor")
}

pub fn encode_cursor(after: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(after)
}

#[derive(Deserialize)]
struct Parameters {
    limit: Option<String>,
    cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for PageRequest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(given) = Query::<Parameters>::from_request_parts(parts, state)
            .await
            .map_err(|error| Problem::new(&MALFORMED_REQUEST, error.body_text()))?;
        let limit = match given.limit.as_deref().map(str::parse) {
            None => LIMIT_DEFAULT,
            Some(Ok(limit)) if (1..=LIMIT_MAX).contains(&limit) => limit,
            Some(_) => {
                let detail = format!("limit must be 1 to {LIMIT_MAX}");
                return Err(Problem::new(&MALFORMED_REQUEST, detail).with("field", "limit"));
            }
        };
        let decode = |cursor: String| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
            String::from_utf8(bytes).ok()
        };
        let plausible = |after: &String| (1..=KEY_BYTES_MAX).contains(&after.len());
        let after = match given.cursor.map(decode) {
            Some(after) => Some(after.filter(plausible).ok_or_else(unknown_cursor)?),
            None => None,
        };
        Ok(Self { limit, after })
    }
}
