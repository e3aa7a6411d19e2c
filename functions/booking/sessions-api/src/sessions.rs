//! Sessions: one event, one hall, one time, and the seats on sale for it.

use axum::{Json, extract::State, response::Response};
use marquee_booking::store::venues::{ListFilter, new_id};
use marquee_booking_domain::{
    ids::{EventId, HallId, SessionId},
    seating::{SEATS_PER_HALL_MAX, into_blocks},
    venue::{Event, Session},
};
use marquee_lambda::{
    extract::{IdempotencyKey, Parameters, PathId, Payload},
    identity::Caller,
    json::{Amount, DateTime},
    page::{PageRequest, PageResponse},
    problem::Problem,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AppState, responses::created};

#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "event_id": "1950fcbe-6dbf-51e8-b752-0fdf95e4ada6",
    "hall_id": "24c9d755-b21c-42b0-b9d9-42f11e5fe6b5",
    "start_time": "2030-01-01T18:00:00Z", "end_time": "2030-01-01T20:00:00Z", "base_price": 12.5,
}))]
pub(crate) struct NewSession {
    event_id: Uuid,
    hall_id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    start_time: DateTime,
    #[schema(value_type = String, format = DateTime)]
    end_time: DateTime,
    #[schema(value_type = f64, minimum = 0, maximum = 1_000_000_000, multiple_of = 0.01)]
    base_price: Amount,
    /// When seats can first be held: at once, if missing. Before `sales_end`.
    #[schema(value_type = Option<String>, format = DateTime)]
    sales_start: Option<DateTime>,
    /// From when on no seat can be held: `start_time`, if missing. Not after `end_time`.
    #[schema(value_type = Option<String>, format = DateTime)]
    sales_end: Option<DateTime>,
    /// Whether seats can only be reserved with a pass from the session's waiting room.
    #[serde(default)]
    #[schema(default = false)]
    waiting_room: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView {
    session_id: Uuid,
    event_id: Uuid,
    hall_id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    start_time: DateTime,
    #[schema(value_type = String, format = DateTime)]
    end_time: DateTime,
    #[schema(value_type = f64)]
    base_price: Amount,
    seats_count: usize,
    /// When seats can first be held.
    #[schema(value_type = String, format = DateTime)]
    sales_start: DateTime,
    /// From when on no seat can be held.
    #[schema(value_type = String, format = DateTime)]
    sales_end: DateTime,
    /// Whether seats can only be reserved with a pass from the session's waiting room.
    waiting_room: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime,
}

impl From<&Session> for SessionView {
    fn from(session: &Session) -> Self {
        Self {
            session_id: session.id.uuid(),
            event_id: session.event.uuid(),
            hall_id: session.hall.uuid(),
            start_time: DateTime(session.start_time),
            end_time: DateTime(session.end_time),
            base_price: Amount(session.base_price),
            seats_count: session.seats_count,
            sales_start: DateTime(session.sales_start),
            sales_end: DateTime(session.sales_end),
            waiting_room: session.waiting_room,
            created_at: DateTime(session.created_at),
        }
    }
}

/// Put a session on sale, with every seat its hall has now
#[utoipa::path(
    post, path = "/api/v1/sessions", tag = "sessions", request_body = NewSession,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = SessionView))
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    caller: Caller,
    key: IdempotencyKey,
    Payload { value, canonical }: Payload<NewSession>,
) -> Result<Response, Problem> {
    if value.end_time.0 <= value.start_time.0 {
        return Err(Problem::invalid_field("end_time", "must be after start_time"));
    }
    let now = app.clock.now();
    let sales_start = value.sales_start.map_or(now, |at| at.0);
    let sales_end = value.sales_end.map_or(value.start_time.0, |at| at.0);
    if value.sales_start.is_some() && sales_end <= sales_start {
        return Err(Problem::invalid_field("sales_start", "must be before sales_end"));
    }
    if sales_end > value.end_time.0 {
        return Err(Problem::invalid_field("sales_end", "must not be after end_time"));
    }
    let Some(event) = app.store.find::<Event>(value.event_id).await? else {
        return Err(Problem::invalid_field("event_id", "there is no such event"));
    };
    caller.check_organizer(Some(event.organizer.uuid()))?;
    let hall = HallId::new(value.hall_id);
    let rows = app.store.hall_rows(hall).await?;
    let seats_count = rows.iter().map(|row| row.seats.len()).sum();
    if !(1..=SEATS_PER_HALL_MAX).contains(&seats_count) {
        let detail = format!(
            "the hall has {seats_count} seats, or does not exist; \
             a session has 1 to {SEATS_PER_HALL_MAX}"
        );
        return Err(Problem::invalid_field("hall_id", detail));
    }
    let hash = key.hash("sessions", &canonical);
    let session = Session {
        id: SessionId::new(new_id(hash)),
        event: EventId::new(value.event_id),
        hall,
        start_time: value.start_time.0,
        end_time: value.end_time.0,
        base_price: value.base_price.0,
        seats_count,
        sales_start,
        sales_end,
        waiting_room: value.waiting_room,
        created_at: now,
    };
    let blocks = into_blocks(rows);
    let outcome = app.store.create_session(session, event.organizer, &blocks, hash, now).await?;
    created(outcome, |session| SessionView::from(&session))
}

/// One session
#[utoipa::path(
    get, path = "/api/v1/sessions/{session_id}", tag = "sessions",
    params(("session_id" = Uuid, Path)), responses((status = 200, body = SessionView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    PathId(id): PathId<SessionId>,
) -> Result<Json<SessionView>, Problem> {
    Ok(Json(SessionView::from(find(&app, id).await?.as_ref())))
}

pub(crate) async fn find(
    app: &AppState,
    id: SessionId,
) -> Result<std::sync::Arc<Session>, Problem> {
    let found = app.store.session(id).await?;
    found.ok_or_else(|| Problem::not_found("session"))
}

#[derive(Deserialize)]
pub(crate) struct SessionsOf {
    event_id: Option<Uuid>,
}

/// The sessions on sale, of all events or one
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "sessions",
    params(("event_id" = Option<Uuid>, Query), ("limit" = Option<u16>, Query),
        ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageResponse<SessionView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    Parameters(SessionsOf { event_id }): Parameters<SessionsOf>,
    page: PageRequest,
) -> Result<Json<PageResponse<SessionView>>, Problem> {
    let filter = event_id.map_or(ListFilter::All, |id| ListFilter::SessionsOf(EventId::new(id)));
    let (limit, after) = (page.limit.into(), page.after.as_deref());
    let found = app.store.list_sessions(filter, limit, after).await?;
    let items = found.items.iter().map(Into::into).collect();
    Ok(Json(PageResponse::new(items, found.next.as_deref())))
}
