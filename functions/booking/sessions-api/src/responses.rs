//! What the resources have in common: reading one, listing a page, answering a creation, and the
//! texts and further fields of what is created.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use marquee_booking::store::venues::{Created, Entity, ListFilter};
use marquee_lambda::{
    page::{PageRequest, PageResponse},
    problem::{IDEMPOTENCY_KEY_REUSED, Problem, REQUEST_IN_PROGRESS},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::AppState;

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

/// One thing by its identifier.
pub(crate) async fn get<E: Entity, V: From<E>>(
    app: &AppState,
    id: Uuid,
    what: &str,
) -> Result<Json<V>, Problem> {
    let found = app.store.find::<E>(id).await?;
    found.map(|entity| Json(entity.into())).ok_or_else(|| Problem::not_found(what))
}

/// A page of a list.
pub(crate) async fn list<E: Entity, V: From<E>>(
    app: &AppState,
    filter: ListFilter,
    page: PageRequest,
) -> Result<Json<PageResponse<V>>, Problem> {
    let (limit, after) = (page.limit.into(), page.after.as_deref());
    let found = app.store.list::<E>(filter, limit, after).await?;
    let items = found.items.into_iter().map(Into::into).collect();
    Ok(Json(PageResponse::new(items, found.next.as_deref())))
}

/// Something with a name, and whatever else the seller keeps of it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewNamed {
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    name: String,
    /// Any further fields are kept and given back as they came.
    #[serde(flatten)]
    #[schema(ignore)]
    details: Map<String, Value>,
}

impl NewNamed {
    /// The name, and the further fields as text. `ours` are the fields that are ours to say.
    pub(crate) fn checked(self, ours: &[&str]) -> Result<(String, String), Problem> {
        Ok((required_text("name", &self.name)?, details_text(self.details, ours)?))
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
fn details_text(mut details: Map<String, Value>, ours: &[&str]) -> Result<String, Problem> {
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
