//! Events: what is played.

use axum::{Json, extract::State, response::Response};
use marquee_booking::store::venues::{ListFilter, new_id};
use marquee_booking_domain::{
    ids::{EventId, OrganizerId},
    venue::{Event, Organizer},
};
use marquee_lambda::{
    extract::{IdempotencyKey, PathId, Payload},
    identity::Caller,
    json::DateTime,
    page::{PageRequest, PageResponse},
    problem::Problem,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    AppState,
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
    created_at: DateTime,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        Self {
            event_id: event.id.uuid(),
            title: event.title,
            description: event.description,
            event_type: event.event_type,
            organizer_id: event.organizer.uuid(),
            created_at: DateTime(event.created_at),
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
    State(app): State<AppState>,
    caller: Caller,
    key: IdempotencyKey,
    Payload { value, canonical }: Payload<NewEvent>,
) -> Result<Response, Problem> {
    caller.check_organizer(Some(value.organizer_id))?;
    let hash = key.hash("events", &canonical);
    let event = Event {
        id: EventId::new(new_id(hash)),
        title: required_text("title", &value.title)?,
        description: optional_text("description", value.description.as_deref())?,
        event_type: optional_text("event_type", value.event_type.as_deref())?,
        organizer: OrganizerId::new(value.organizer_id),
        created_at: app.clock.now(),
    };
    if app.store.find::<Organizer>(value.organizer_id).await?.is_none() {
        return Err(Problem::invalid_field("organizer_id", "there is no such organizer"));
    }
    created(app.store.create(event, hash).await?, EventView::from)
}

/// One event
#[utoipa::path(
    get, path = "/api/v1/events/{event_id}", tag = "venues",
    params(("event_id" = Uuid, Path)), responses((status = 200, body = EventView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    PathId(id): PathId<EventId>,
) -> Result<Json<EventView>, Problem> {
    responses::get::<Event, _>(&app, id.uuid(), "event").await
}

/// All events
#[utoipa::path(
    get, path = "/api/v1/events", tag = "venues",
    params(("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageResponse<EventView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    page: PageRequest,
) -> Result<Json<PageResponse<EventView>>, Problem> {
    responses::list::<Event, _>(&app, ListFilter::All, page).await
}
