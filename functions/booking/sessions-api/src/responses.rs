//! What the resources' answers have in common.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use marquee_lambda::problem::{IDEMPOTENCY_KEY_REUSED, Problem, REQUEST_IN_PROGRESS};
use marquee_store::booking::venues::Created;
use serde::Serialize;
use serde_json::{Map, Value};

const TEXT_LEN_MAX: usize = 200;
const LONG_TEXT_LEN_MAX: usize = 5_000;
const DETAILS_BYTES_MAX: usize = 8_192;

/// 201, for the first request and for each that repeats it.
pub(crate) fn created<E, V: Serialize>(
    outcome: Created<E>,
    view: impl FnOnce(E) -> V,
) -> Result<Response, Problem> {
    match outcome {
        Created::New(entity) | Created::Replayed(entity) => {
            Ok((StatusCode::CREATED, Json(view(entity))).into_response())
        }
        Created::KeyReused => Err(key_reused()),
        Created::InProgress => Err(Problem::new(
            &REQUEST_IN_PROGRESS,
            "the request with this Idempotency-Key is still being answered".into(),
        )),
    }
}

pub(crate) fn key_reused() -> Problem {
    let detail = "this Idempotency-Key came before with another request";
    Problem::new(&IDEMPOTENCY_KEY_REUSED, detail.into())
}

/// A text that has to say something.
pub(crate) fn required_text(field: &str, text: &str) -> Result<String, Problem> {
    match text.trim() {
        "" => Err(Problem::invalid_field(field, "must not be empty")),
        text => limited(field, text, TEXT_LEN_MAX),
    }
}

pub(crate) fn optional_text(field: &str, text: Option<&str>) -> Result<String, Problem> {
    limited(field, text.unwrap_or_default().trim(), LONG_TEXT_LEN_MAX)
}

fn limited(field: &str, text: &str, len_max: usize) -> Result<String, Problem> {
    match text.chars().count() {
        len if len > len_max => {
            let detail = format!("must have at most {len_max} characters, not {len}");
            Err(Problem::invalid_field(field, detail))
        }
        _ => Ok(text.to_owned()),
    }
}

/// Fields we do not know are kept as they came, but for those that are ours to say.
pub(crate) fn details_text(
    mut details: Map<String, Value>,
    ours: &[&str],
) -> Result<String, Problem> {
    for name in ours {
        details.remove(*name);
    }
    match Value::Object(details).to_string() {
        text if text.len() > DETAILS_BYTES_MAX => {
            let detail = format!("further fields may take {DETAILS_BYTES_MAX} bytes in all");
            Err(Problem::invalid_field(".", detail))
        }
        text => Ok(text),
    }
}

pub(crate) fn details_map(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}
