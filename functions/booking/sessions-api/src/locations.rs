//! Locations: buildings with halls.

use axum::{Json, extract::State, response::Response};
use marquee_booking::store::venues::{ListFilter, new_id};
use marquee_booking_domain::{ids::LocationId, venue::Location};
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
#[schema(as = Location)]
pub(crate) struct LocationView {
    location_id: Uuid,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime,
    #[serde(flatten)]
    #[schema(additional_properties, value_type = Object)]
    details: Map<String, Value>,
}

impl From<Location> for LocationView {
    fn from(location: Location) -> Self {
        Self {
            location_id: location.id.uuid(),
            name: location.name,
            created_at: DateTime(location.created_at),
            details: details_map(&location.details),
        }
    }
}

/// Register a location
#[utoipa::path(
    post, path = "/api/v1/locations", tag = "venues", request_body = NewNamed,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = LocationView))
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    key: IdempotencyKey,
    Payload { value, canonical }: Payload<NewNamed>,
) -> Result<Response, Problem> {
    let hash = key.hash("locations", &canonical);
    let (name, details) = value.checked(&["location_id", "created_at"])?;
    let (id, created_at) = (LocationId::new(new_id(hash)), app.clock.now());
    let location = Location { id, name, details, created_at };
    created(app.store.create(location, hash).await?, LocationView::from)
}

/// One location
#[utoipa::path(
    get, path = "/api/v1/locations/{location_id}", tag = "venues",
    params(("location_id" = Uuid, Path)), responses((status = 200, body = LocationView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    PathId(id): PathId<LocationId>,
) -> Result<Json<LocationView>, Problem> {
    responses::get::<Location, _>(&app, id.uuid(), "location").await
}

/// All locations
#[utoipa::path(
    get, path = "/api/v1/locations", tag = "venues",
    params(("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageResponse<LocationView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    page: PageRequest,
) -> Result<Json<PageResponse<LocationView>>, Problem> {
    responses::list::<Location, _>(&app, ListFilter::All, page).await
}
