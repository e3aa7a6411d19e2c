//! Halls: rooms with a seating plan.

use axum::{Json, extract::State, response::Response};
use marquee_booking::store::venues::{ListFilter, new_id};
use marquee_booking_domain::{
    ids::{HallId, LocationId},
    venue::{Hall, Location},
};
use marquee_lambda::{
    extract::{IdempotencyKey, PathId, Payload},
    json::DateTime,
    page::{PageRequest, PageResponse},
    problem::Problem,
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    AppState,
    responses::{self, NewNamed, created, details_map},
};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hall)]
pub(crate) struct HallView {
    hall_id: Uuid,
    location_id: Uuid,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime,
    #[serde(flatten)]
    #[schema(additional_properties, value_type = Object)]
    details: Map<String, Value>,
}

impl From<Hall> for HallView {
    fn from(hall: Hall) -> Self {
        Self {
            hall_id: hall.id.uuid(),
            location_id: hall.location.uuid(),
            name: hall.name,
            created_at: DateTime(hall.created_at),
            details: details_map(&hall.details),
        }
    }
}

/// Add a hall to a location
#[utoipa::path(
    post, path = "/api/v1/locations/{location_id}/halls", tag = "venues", request_body = NewNamed,
    params(("location_id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = HallView))
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    PathId(location): PathId<LocationId>,
    key: IdempotencyKey,
    Payload { value, canonical }: Payload<NewNamed>,
) -> Result<Response, Problem> {
    let (name, details) = value.checked(&["hall_id", "location_id", "created_at"])?;
    if app.store.find::<Location>(location.uuid()).await?.is_none() {
        return Err(Problem::not_found("location"));
    }
    let hash = key.hash(&format!("locations/{location}/halls"), &canonical);
    let created_at = app.clock.now();
    let hall = Hall { id: HallId::new(new_id(hash)), location, name, details, created_at };
    created(app.store.create(hall, hash).await?, HallView::from)
}

/// One hall
#[utoipa::path(
    get, path = "/api/v1/halls/{hall_id}", tag = "venues",
    params(("hall_id" = Uuid, Path)), responses((status = 200, body = HallView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    PathId(id): PathId<HallId>,
) -> Result<Json<HallView>, Problem> {
    responses::get::<Hall, _>(&app, id.uuid(), "hall").await
}

pub(crate) async fn find(app: &AppState, id: HallId) -> Result<Hall, Problem> {
    let found = app.store.find::<Hall>(id.uuid()).await?;
    found.ok_or_else(|| Problem::not_found("hall"))
}

/// The halls of a location
#[utoipa::path(
    get, path = "/api/v1/locations/{location_id}/halls", tag = "venues",
    params(("location_id" = Uuid, Path), ("limit" = Option<u16>, Query),
        ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageResponse<HallView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    PathId(location): PathId<LocationId>,
    page: PageRequest,
) -> Result<Json<PageResponse<HallView>>, Problem> {
    responses::list::<Hall, _>(&app, ListFilter::HallsOf(location), page).await
}
