//! Events: what is played.

use axum::{Json, extract::State, response::Response};
use marquee_domain::{
    booking::venue::{Event, Organizer},
    ids::{EventId, OrganizerId},
};
use marquee_lambda::{
    extract::{IdempotencyKey, PathId, Payload},
    json::Instant,
    page::{PageRequest, PageResponse},
    problem::Problem,
};
use marquee_store::booking::venues::{ListFilter, new_id};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Services,
    responses::{self, created, optional_text, required_text},
};

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewEvent {
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    title: String,
    #[schema(max_length = 5_000)]
    description: Option<String>,
    #[schema(max_length = 5_000)]
    event_type: Option<String>,
    organizer_id: Uuid,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    event_id: Uuid,
    title: String,
    description: String,
    event_type: String,
    organizer_id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        Self {
            event_id: event.id.uuid(),
            title: event.title,
            description: event.description,
            event_type: event.event_type,
            organizer_id: event.organizer.uuid(),
            created_at: Instant(event.created_at),
        }
    }
}

/// Announce an event
#[utoipa::path(
    post, path = "/api/v1/events", tag = "venues", request_body = NewEvent,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = EventView))
)]
pub(crate) async fn create(
    State(services): State<Services>,
    key: IdempotencyKey,
    Payload { value, canonical }: Payload<NewEvent>,
) -> Result<Response, Problem> {
    let tag = key.tag("events", &canonical);
    let event = Event {
        id: EventId::new(new_id(tag)),
        title: required_text("title", &value.title)?,
        description: optional_text("description", value.description.as_deref())?,
        event_type: optional_text("event_type", value.event_type.as_deref())?,
        organizer: OrganizerId::new(value.organizer_id),
        created_at: services.clock.now(),
    };
    if services.store.find::<Organizer>(value.organizer_id).await?.is_none() {
        return Err(Problem::invalid_field("organizer_id", "there is no such organizer"));
    }
    created(services.store.create(event, tag).await?, EventView::from)
}

/// One event
#[utoipa::path(
    get, path = "/api/v1/events/{event_id}", tag = "venues",
    params(("event_id" = Uuid, Path)), responses((status = 200, body = EventView))
)]
pub(crate) async fn get(
    State(services): State<Services>,
    PathId(id): PathId<EventId>,
) -> Result<Json<EventView>, Problem> {
    responses::get::<Event, _>(&services, id.uuid(), "event").await
}

/// All events
#[utoipa::path(
    get, path = "/api/v1/events", tag = "venues",
    params(("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageResponse<EventView>))
)]
pub(crate) async fn list(
    State(services): State<Services>,
    page: PageRequest,
) -> Result<Json<PageResponse<EventView>>, Problem> {
    responses::list::<Event, _>(&services, ListFilter::All, page).await
}
