//! What everybody is told: one small answer for all, from which a visitor who knows their number computes
//! their position.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use marquee_lambda::{
    extract::PathId,
    json::{DateTime, one_of_schema},
    problem::Problem,
};
use marquee_waiting_room_domain::{ids::SessionId, phase::Phase};
use serde::Serialize;
use utoipa::{ToSchema, openapi::schema::Object};
use uuid::Uuid;

use crate::AppState;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueueStatus)]
pub(crate) struct StatusView {
    session_id: Uuid,
    #[schema(schema_with = phase_schema)]
    status: &'static str,
    /// Visitors up to this number have had their turn.
    serving: u64,
    /// Visitors let in per minute, as counted lately.
    rate_per_minute: u32,
    /// Let in and not out yet.
    inside: u32,
    /// Not sold; some of them may be on hold.
    seats_left: u32,
    #[schema(value_type = String, format = DateTime)]
    opens_at: DateTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    draw: DrawView,
}

/// How the order of those who came before the opening is drawn. Anybody can check it: see
/// docs/contexts/waiting-room.md.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueueDraw)]
pub(crate) struct DrawView {
    /// SHA-256 of the seed.
    seed_hash: String,
    /// Once it is drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<String>,
    /// Slots of each early line, once it is drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    early: Option<Vec<u32>>,
}

fn phase_schema() -> Object {
    one_of_schema(Phase::NAMES)
}

/// How far the line has come
///
/// The same for everybody, and good for a second.
#[utoipa::path(
    get, path = "/api/v1/queue/{session_id}/status", tag = "waiting room",
    params(("session_id" = Uuid, Path)), responses((status = 200, body = StatusView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    PathId(session): PathId<SessionId>,
) -> Result<Response, Problem> {
    let seen = app.rooms.get(&app.store, session).await?;
    let (room, tally, now) = (&seen.room.room, &seen.room.tally, app.clock.now());
    let drawn = room.drawn.is_some();
    let view = StatusView {
        session_id: session.uuid(),
        status: room.phase(tally, now).as_str(),
        serving: tally.serving,
        rate_per_minute: tally.rate(now).unwrap_or_default(),
        inside: tally.inside,
        seats_left: tally.seats_left(room),
        opens_at: DateTime(room.settings.opens_at),
        message: room.settings.message.clone(),
        draw: DrawView {
            seed_hash: room.seed.commitment(),
            seed: drawn.then(|| room.seed.to_hex()),
            early: room.drawn.clone(),
        },
    };
    let max_age = app.rooms.max_age().as_secs();
    let cached = HeaderValue::from_str(&format!("public, max-age={max_age}"));
    let mut response = Json(view).into_response();
    if let Ok(cached) = cached {
        response.headers_mut().insert(header::CACHE_CONTROL, cached);
    }
    Ok(response)
}
