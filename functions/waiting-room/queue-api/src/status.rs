//! What everybody is told: one small answer for all.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use marquee_lambda::{extract::PathId, problem::Problem};
use marquee_waiting_room::views::status::StatusView;
use marquee_waiting_room_domain::ids::SessionId;

use crate::AppState;

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
    let view = StatusView::new(&seen.room, app.clock.now());
    let max_age = app.rooms.max_age().as_secs();
    let cached = HeaderValue::from_str(&format!("public, max-age={max_age}"));
    let mut response = Json(view).into_response();
    if let Ok(cached) = cached {
        response.headers_mut().insert(header::CACHE_CONTROL, cached);
    }
    Ok(response)
}
