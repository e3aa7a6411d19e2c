//! Locations: buildings with halls.

use axum::{Json, extract::State, response::Response};
use marquee_domain::{booking::venue::Location, ids::LocationId};
use marquee_lambda::{
    extract::{IdempotencyKey, PathId, Payload},
    json::Instant,
    page::{PageRequest, PageResponse},
    problem::Problem,
};
use marquee_store::booking::venues::{ListFilter, new_id};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Services,
    responses::{created, details_map, details_text, required_text},
};

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewLocation {
    name: String,
    /// Any further fields are kept and given back as they came.
    #[serde(flatten)]
    #[schema(additional_properties, value_type = Object)]
    details: Map<String, Value>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Location)]
pub(crate) struct LocationView {
    location_id: Uuid,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    #[serde(flatten)]
    #[schema(additional_properties, value_type = Object)]
    details: Map<String, Value>,
}

impl From<Location> for LocationView {
    fn from(location: Location) -> Self {
        Self {
            location_id: location.id.uuid(),
            name: location.name,
            created_at: Instant(location.created_at),
            details: details_map(&location.details),
        }
    }
}

/// Register a location
#[utoipa::path(
    post, path = "/api/v1/locations", tag = "venues", request_body = NewLocation,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = LocationView))
)]
pub(crate) async fn create(
    State(services): State<Services>,
    key: IdempotencyKey,
    Payload { value, canonical }: Payload<NewLocation>,
) -> Result<Response, Problem> {
    let tag = key.tag("locations", &canonical);
    let location = Location {
        id: LocationId::new(new_id(tag)),
        name: required_text("name", &value.name)?,
        details: details_text(value.details, &["location_id", "created_at"])?,
        created_at: services.clock.now(),
    };
    created(services.store.create(location, tag).await?, LocationView::from)
}

/// One location
#[utoipa::path(
    get, path = "/api/v1/locations/{location_id}", tag = "venues",
    params(("location_id" = Uuid, Path)), responses((status = 200, body = LocationView))
)]
pub(crate) async fn get(
    State(services): State<Services>,
    PathId(id): PathId<LocationId>,
) -> Result<Json<LocationView>, Problem> {
    let found = services.store.find::<Location>(id.uuid()).await?;
    found.map(|location| Json(location.into())).ok_or_else(|| Problem::not_found("location"))
}

/// All locations
#[utoipa::path(
    get, path = "/api/v1/locations", tag = "venues",
    params(("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageResponse<LocationView>))
)]
pub(crate) async fn list(
    State(services): State<Services>,
    page: PageRequest,
) -> Result<Json<PageResponse<LocationView>>, Problem> {
    let (limit, after) = (page.limit.into(), page.after.as_deref());
    let found = services.store.list::<Location>(ListFilter::All, limit, after).await?;
    let items = found.items.into_iter().map(Into::into).collect();
    Ok(Json(PageResponse::new(items, found.next.as_deref())))
}
