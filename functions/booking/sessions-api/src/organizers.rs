//! Organizers: who sells.

use axum::{Json, extract::State, response::Response};
use marquee_domain::{booking::venue::Organizer, ids::OrganizerId};
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
pub(crate) struct NewOrganizer {
    name: String,
    /// Any further fields are kept and given back as they came.
    #[serde(flatten)]
    #[schema(additional_properties, value_type = Object)]
    details: Map<String, Value>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organizer)]
pub(crate) struct OrganizerView {
    organizer_id: Uuid,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    #[serde(flatten)]
    #[schema(additional_properties, value_type = Object)]
    details: Map<String, Value>,
}

impl From<Organizer> for OrganizerView {
    fn from(organizer: Organizer) -> Self {
        Self {
            organizer_id: organizer.id.uuid(),
            name: organizer.name,
            created_at: Instant(organizer.created_at),
            details: details_map(&organizer.details),
        }
    }
}

/// Register an organizer
#[utoipa::path(
    post, path = "/api/v1/organizers", tag = "venues", request_body = NewOrganizer,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = OrganizerView))
)]
pub(crate) async fn create(
    State(services): State<Services>,
    key: IdempotencyKey,
    Payload { value, canonical }: Payload<NewOrganizer>,
) -> Result<Response, Problem> {
    let tag = key.tag("organizers", &canonical);
    let organizer = Organizer {
        id: OrganizerId::new(new_id(tag)),
        name: required_text("name", &value.name)?,
        details: details_text(value.details, &["organizer_id", "created_at"])?,
        created_at: services.clock.now(),
    };
    created(services.store.create(organizer, tag).await?, OrganizerView::from)
}

/// One organizer
#[utoipa::path(
    get, path = "/api/v1/organizers/{organizer_id}", tag = "venues",
    params(("organizer_id" = Uuid, Path)), responses((status = 200, body = OrganizerView))
)]
pub(crate) async fn get(
    State(services): State<Services>,
    PathId(id): PathId<OrganizerId>,
) -> Result<Json<OrganizerView>, Problem> {
    let found = services.store.find::<Organizer>(id.uuid()).await?;
    found.map(|organizer| Json(organizer.into())).ok_or_else(|| Problem::not_found("organizer"))
}

/// All organizers
#[utoipa::path(
    get, path = "/api/v1/organizers", tag = "venues",
    params(("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageResponse<OrganizerView>))
)]
pub(crate) async fn list(
    State(services): State<Services>,
    page: PageRequest,
) -> Result<Json<PageResponse<OrganizerView>>, Problem> {
    let (limit, after) = (page.limit.into(), page.after.as_deref());
    let found = services.store.list::<Organizer>(ListFilter::All, limit, after).await?;
    let items = found.items.into_iter().map(Into::into).collect();
    Ok(Json(PageResponse::new(items, found.next.as_deref())))
}
