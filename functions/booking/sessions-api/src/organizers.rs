//! Organizers: who sells.

use axum::{Json, extract::State, response::Response};
use marquee_booking::store::venues::{ListFilter, new_id};
use marquee_booking_domain::{ids::OrganizerId, venue::Organizer};
use marquee_lambda::{
    extract::{IdempotencyKey, PathId, Payload},
    identity::Caller,
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
#[schema(as = Organizer)]
pub(crate) struct OrganizerView {
    organizer_id: Uuid,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime,
    #[serde(flatten)]
    #[schema(additional_properties, value_type = Object)]
    details: Map<String, Value>,
}

impl From<Organizer> for OrganizerView {
    fn from(organizer: Organizer) -> Self {
        Self {
            organizer_id: organizer.id.uuid(),
            name: organizer.name,
            created_at: DateTime(organizer.created_at),
            details: details_map(&organizer.details),
        }
    }
}

/// Register an organizer
#[utoipa::path(
    post, path = "/api/v1/organizers", tag = "venues", request_body = NewNamed,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = OrganizerView))
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    caller: Caller,
    key: IdempotencyKey,
    Payload { value, canonical }: Payload<NewNamed>,
) -> Result<Response, Problem> {
    caller.check_organizer(None)?;
    let hash = key.hash("organizers", &canonical);
    let (name, details) = value.checked(&["organizer_id", "created_at"])?;
    let (id, created_at) = (OrganizerId::new(new_id(hash)), app.clock.now());
    let organizer = Organizer { id, name, details, created_at };
    created(app.store.create(organizer, hash).await?, OrganizerView::from)
}

/// One organizer
#[utoipa::path(
    get, path = "/api/v1/organizers/{organizer_id}", tag = "venues",
    params(("organizer_id" = Uuid, Path)), responses((status = 200, body = OrganizerView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    PathId(id): PathId<OrganizerId>,
) -> Result<Json<OrganizerView>, Problem> {
    responses::get::<Organizer, _>(&app, id.uuid(), "organizer").await
}

/// All organizers
#[utoipa::path(
    get, path = "/api/v1/organizers", tag = "venues",
    params(("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageResponse<OrganizerView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    page: PageRequest,
) -> Result<Json<PageResponse<OrganizerView>>, Problem> {
    responses::list::<Organizer, _>(&app, ListFilter::All, page).await
}
