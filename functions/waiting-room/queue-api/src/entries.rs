//! Joining, looking, leaving.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use marquee_lambda::{
    extract::{Buyer, PathId, PathIds},
    problem::Problem,
};
use marquee_waiting_room::views::entry::{EntryView, NO_ENTRY};
use marquee_waiting_room_domain::ids::{EntryId, SessionId};

use crate::{
    AppState,
    joining::{let_through_or, take, told},
    wishes::shown,
};

/// Join the line
///
/// Who joins again keeps the place. The answer is 202 until the line knows the visitor, a second or two
/// later; 200 then.
#[utoipa::path(
    post, path = "/api/v1/queue/{session_id}/entries", tag = "waiting room",
    params(("session_id" = Uuid, Path), ("X-User-ID" = Uuid, Header)),
    responses(
        (status = 202, body = EntryView, description = "on the way into the line"),
        (status = 200, body = EntryView, description = "in the line, or let in"),
        (status = 409, description = "the sale is over, or the place before is not"),
        (status = 503, description = "the room cannot take anybody"),
    )
)]
pub(crate) async fn join(
    State(app): State<AppState>,
    PathId(session): PathId<SessionId>,
    Buyer(user): Buyer,
) -> Result<Response, Problem> {
    let taken = take(&app, session, user, None).await;
    let_through_or(&app, session, user, taken)
}

/// A visitor's place in the line
///
/// Whoever is let in finds the pass here, and a new one before it is over: ask again after
/// `next_poll_seconds`.
#[utoipa::path(
    get, path = "/api/v1/queue/{session_id}/entries/{entry_id}", tag = "waiting room",
    params(("session_id" = Uuid, Path), ("entry_id" = Uuid, Path), ("X-User-ID" = Uuid, Header)),
    responses((status = 200, body = EntryView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    PathIds(session, id): PathIds<SessionId, EntryId>,
    Buyer(user): Buyer,
) -> Result<Json<EntryView>, Problem> {
    let seen = app.rooms.get(&app.store, session).await?;
    let told = told(&app, &seen, user);
    if told.id != id {
        return Err(no_entry());
    }
    if told.need_not_wait() {
        return shown(told.let_through());
    }
    let entry = app.store.entry(id, false).await?.ok_or_else(no_entry)?;
    shown(told.entry(&entry))
}

/// Leave the line
///
/// Who joins again later begins at its end.
#[utoipa::path(
    delete, path = "/api/v1/queue/{session_id}/entries/{entry_id}", tag = "waiting room",
    params(("session_id" = Uuid, Path), ("entry_id" = Uuid, Path), ("X-User-ID" = Uuid, Header)),
    responses((status = 204, description = "out of the line"))
)]
pub(crate) async fn leave(
    State(app): State<AppState>,
    PathIds(session, id): PathIds<SessionId, EntryId>,
    Buyer(user): Buyer,
) -> Result<StatusCode, Problem> {
    const TRIES_MAX: usize = 8;
    if EntryId::of(session, user) != id {
        return Err(no_entry());
    }
    for _ in 0..TRIES_MAX {
        let entry = app.store.entry(id, true).await?.ok_or_else(no_entry)?;
        // Let in, or over, at the same moment: it is looked at once more.
        if app.store.leave(&entry, app.pass_for, app.clock.now()).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(marquee_dynamo::error::StoreError::transient("an entry changed each time").into())
}

fn no_entry() -> Problem {
    Problem::not_found(NO_ENTRY)
}
