//! Lists, a page at a time.

use axum::{
    Json,
    extract::{FromRequestParts, OriginalUri},
    http::{Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{extract::Parameters, problem::Problem};

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
    uri: Uri,
}

impl PageRequest {
    /// This page as a bare array; a `Link` header leads to the next, if there may be one.
    pub fn array<T>(&self, items: Vec<T>, next: Option<&str>) -> ArrayPage<T> {
        ArrayPage { items, next: next.map(|next| self.link(&encode_cursor(next))) }
    }

    /// The same request for the page after (RFC 8288).
    fn link(&self, cursor: &str) -> String {
        let query = self.uri.query().unwrap_or_default().split('&');
        let others = query.filter(|part| !part.is_empty() && !part.starts_with("cursor="));
        let query: Vec<_> = others.map(str::to_owned).chain([format!("cursor={cursor}")]).collect();
        format!("<{}?{}>; rel=\"next\"", self.uri.path(), query.join("&"))
    }
}

/// A page as a bare array, which is all that its first clients ask for.
#[derive(Clone, Debug)]
pub struct ArrayPage<T> {
    items: Vec<T>,
    next: Option<String>,
}

impl<T: Serialize> IntoResponse for ArrayPage<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.items).into_response();
        if let Some(link) = self.next.and_then(|link| link.parse().ok()) {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }
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

/// It looks like a cursor and leads nowhere.
pub fn unknown_cursor() -> Problem {
    Problem::not_found("page: cursor is not one that a list has given").with("field", "cursor")
}

fn malformed_cursor() -> Problem {
    Problem::invalid_parameter("cursor", "must be one that a list has given")
}

/// What a caller sends as `cursor` to go on after this.
pub fn encode_cursor(after: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(after)
}

fn decode_cursor(cursor: &str) -> Result<String, Problem> {
    let is_cursor = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if cursor.len() < 2 || !cursor.chars().all(is_cursor) {
        return Err(malformed_cursor());
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
    let after = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    after.filter(|after| after.len() <= KEY_BYTES_MAX).ok_or_else(unknown_cursor)
}

#[derive(Deserialize)]
struct Given {
    limit: Option<String>,
    cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for PageRequest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Parameters(given) = Parameters::<Given>::from_request_parts(parts, state).await?;
        let limit = match given.limit.as_deref().map(str::parse) {
            None => LIMIT_DEFAULT,
            Some(Ok(limit)) if (1..=LIMIT_MAX).contains(&limit) => limit,
            Some(_) => {
                let detail = format!("must be 1 to {LIMIT_MAX}");
                return Err(Problem::invalid_parameter("limit", detail));
            }
        };
        let after = given.cursor.as_deref().map(decode_cursor).transpose()?;
        let OriginalUri(uri) = OriginalUri::from_request_parts(parts, state)
            .await
            .unwrap_or_else(|_| OriginalUri(parts.uri.clone()));
        Ok(Self { limit, after, uri })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_to_the_next_page_asks_for_the_same_as_before() {
        let uri = "/orders?limit=2&cursor=abc&status=PLACED".parse().expect("a path");
        let page = PageRequest { limit: 2, after: Some("x".into()), uri };
        let next = page.array(vec![1, 2], Some("0#o")).next.expect("a link");
        assert_eq!(next, "</orders?limit=2&status=PLACED&cursor=MCNv>; rel=\"next\"");
        assert_eq!(page.array(vec![1], None).next, None);
    }
}
