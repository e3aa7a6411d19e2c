//! Joining, looking, leaving.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use marquee_kernel::ids::UserId;
use marquee_lambda::{
    extract::{Buyer, PathId, PathIds},
    problem::Problem,
};
use marquee_messaging::{
    message::{Message, Metadata},
    publisher::Outgoing,
    trace,
};
use marquee_waiting_room::{
    events::{Arrival, JOINED},
    topology::WAITING_ROOM_EVENTS,
};
use marquee_waiting_room_domain::{
    ids::{EntryId, SessionId},
    phase::Phase,
    problems::{PLACE_NOT_OVER, ROOM_UNAVAILABLE, SALE_OVER},
};
use uuid::Uuid;

use crate::{
    API, AppState,
    rooms::Seen,
    views::{EntryView, Told},
};

/// Seconds until a visitor who could not be taken should try again.
const RETRY_AFTER: i64 = 5;

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
    match take(&app, session, user).await {
        Err(problem) if problem.kind.status >= 500 => {
            let known = app.rooms.last_known(session);
            let now = app.clock.now();
            let opens = |seen: &Arc<Seen>| {
                let (room, tally) = (&seen.room.room, &seen.room.tally);
                room.settings.fail_open && room.phase(tally, now) == Phase::Open
            };
            let seen = known.filter(opens).ok_or(problem)?;
            tracing::error!(%session, "the room cannot take anybody, and lets everybody through");
            Ok(Json(told(&app, &seen, user)?.let_through()?).into_response())
        }
        answered => answered,
    }
}

async fn take(app: &AppState, session: SessionId, user: UserId) -> Result<Response, Problem> {
    let seen = app.rooms.get(&app.store, session).await?;
    let now = app.clock.now();
    let phase = seen.room.room.phase(&seen.room.tally, now);
    let told = told(app, &seen, user)?;
    if told.need_not_wait() {
        return Ok(Json(told.let_through()?).into_response());
    }
    let known = app.store.entry(told.id, false).await?;
    if let Some(entry) = known.as_ref().filter(|entry| !told.is_over(entry) || phase.is_over()) {
        return Ok(Json(told.entry(entry)?).into_response());
    }
    if phase.is_over() {
        let detail = match phase {
            Phase::SoldOut => "all seats of this session are sold",
            _ => "sales for this session have ended",
        };
        return Err(Problem::new(&SALE_OVER, detail.into()));
    }
    if known.as_ref().is_some_and(|entry| entry.inside) {
        let detail = "the place that you had still counts; join again in a few seconds";
        let problem = Problem::new(&PLACE_NOT_OVER, detail.into());
        return Err(problem.with("retry_after", RETRY_AFTER));
    }
    // After the end of the place before, whatever the clock says of the process that wrote it.
    let ended_at = known.and_then(|entry| entry.ended_at);
    let at = ended_at.map_or(now, |ended| now.max(ended + Duration::from_millis(1)));
    let arrival = Arrival { session, user, at };
    publish(app, told.id, &arrival).await?;
    Ok((StatusCode::ACCEPTED, Json(told.on_the_way(now))).into_response())
}

/// The broker has it, or the visitor is told that it has not.
async fn publish(app: &AppState, id: EntryId, arrival: &Arrival) -> Result<(), Problem> {
    let event = arrival.event();
    let message = Message {
        metadata: Metadata {
            id: Some(Uuid::new_v5(&id.uuid(), event.arrived_at.as_bytes()).to_string()),
            event_type: Some(JOINED.to_owned()),
            source: Some(API.name.to_owned()),
            traceparent: trace::current().map(|trace| trace.to_string()),
            ..Metadata::default()
        },
        body: serde_json::to_vec(&event).unwrap_or_default(),
    };
    let exchange = WAITING_ROOM_EVENTS.to_owned();
    let outgoing = Outgoing { exchange, routing_key: JOINED.to_owned(), message };
    match app.publisher.publish(&[outgoing]).await.pop() {
        Some(Ok(())) => Ok(()),
        failed => {
            tracing::error!(session = %arrival.session, ?failed, "a visitor could not be taken");
            let detail = "the room cannot take anybody at the moment; try again in a few seconds";
            Err(Problem::new(&ROOM_UNAVAILABLE, detail.into()).with("retry_after", RETRY_AFTER))
        }
    }
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
    let told = told(&app, &seen, user)?;
    if told.id != id {
        return Err(no_entry());
    }
    if told.need_not_wait() {
        return Ok(Json(told.let_through()?));
    }
    let entry = app.store.entry(id, false).await?.ok_or_else(no_entry)?;
    Ok(Json(told.entry(&entry)?))
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
        if entry.status.is_over() || app.store.leave(&entry, app.pass_for, app.clock.now()).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(marquee_dynamo::error::StoreError::transient("an entry changed each time").into())
}

fn told(app: &AppState, seen: &Arc<Seen>, user: UserId) -> Result<Told, Problem> {
    let id = EntryId::of(seen.room.room.session, user);
    let (passes, now) = (app.passes.clone(), app.clock.now());
    Ok(Told { id, user, seen: Arc::clone(seen), passes, pass_for: app.pass_for, now })
}

fn no_entry() -> Problem {
    Problem::not_found("entry of yours; who has just joined is here a second or two later")
}
