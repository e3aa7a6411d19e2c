//! Halls: rooms with a seating plan.

use axum::{Json, extract::State, response::Response};
use marquee_domain::{
    booking::venue::{Hall, Location},
    ids::{HallId, LocationId},
};
use marquee_lambda::{
    extract::{IdempotencyKey, PathId, Payload},
    json::Instant,
    page::{PageRequest, PageResponse},
    problem::Problem,
};
use marquee_store::booking::venues::{ListFilter, new_id};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Services,
    responses::{self, NewNamed, created, details_map},
};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hall)]
pub(crate) struct HallView {
    hall_id: Uuid,
    location_id: Uuid,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
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
            created_at: Instant(hall.created_at),
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
    State(services): State<Services>,
    PathId(location): PathId<LocationId>,
    key: IdempotencyKey,
    Payload { value, canonical }: Payload<NewNamed>,
) -> Result<Response, Problem> {
    let (name, details) = value.checked(&["hall_id", "location_id", "created_at"])?;
    if services.store.find::<Location>(location.uuid()).await?.is_none() {
        return Err(Problem::not_found("location"));
    }
    let tag = key.tag(&format!("locations/{location}/halls"), &canonical);
    let created_at = services.clock.now();
    let hall = Hall { id: HallId::new(new_id(tag)), location, name, details, created_at };
    created(services.store.create(hall, tag).await?, HallView::from)
}

/// One hall
#[utoipa::path(
    get, path = "/api/v1/halls/{hall_id}", tag = "venues",
    params(("hall_id" = Uuid, Path)), responses((status = 200, body = HallView))
)]
pub(crate) async fn get(
    State(services): State<Services>,
    PathId(id): PathId<HallId>,
) -> Result<Json<HallView>, Problem> {
    responses::get::<Hall, _>(&services, id.uuid(), "hall").await
}

pub(crate) async fn find(services: &Services, id: HallId) -> Result<Hall, Problem> {
    let found = services.store.find::<Hall>(id.uuid()).await?;
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
    State(services): State<Services>,
    PathId(location): PathId<LocationId>,
    page: PageRequest,
) -> Result<Json<PageResponse<HallView>>, Problem> {
    responses::list::<Hall, _>(&services, ListFilter::HallsOf(location), page).await
}
