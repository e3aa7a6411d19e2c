//! Taking a visitor into the room, with or without a wish.

use std::sync::Arc;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use marquee_kernel::ids::UserId;
use marquee_lambda::problem::Problem;
use marquee_messaging::{
    message::{Message, Metadata},
    publisher::Outgoing,
    trace,
};
use marquee_passes::request::Wish;
use marquee_waiting_room::{
    events::{Arrival, JOINED},
    store::entries::just_after,
    topology::WAITING_ROOM_EVENTS,
    views::{entry::Told, seen::Seen},
};
use marquee_waiting_room_domain::{
    ids::{EntryId, SessionId},
    phase::Phase,
    problems::{PLACE_NOT_OVER, SALE_OVER},
};
use uuid::Uuid;

use crate::{
    API, AppState,
    wishes::{RETRY_AFTER, change_wish, shown, unavailable},
};

/// The answer; or a pass, if it is that the room cannot take the visitor, and the organizer wants it so.
pub(crate) fn let_through_or(
    app: &AppState,
    session: SessionId,
    user: UserId,
    taken: Result<Response, Problem>,
) -> Result<Response, Problem> {
    match taken {
        Err(problem) if problem.kind.status >= 500 => {
            let known = app.rooms.last_known(session);
            let now = app.clock.now();
            let opens = |seen: &Arc<Seen>| {
                let (room, tally) = (&seen.room.room, &seen.room.tally);
                room.settings.fail_open && room.phase(tally, now) == Phase::Open
            };
            let seen = known.filter(opens).ok_or(problem)?;
            tracing::error!(%session, "the room cannot take anybody, and lets everybody through");
            Ok(shown(told(app, &seen, user).let_through())?.into_response())
        }
        answered => answered,
    }
}

pub(crate) async fn take(
    app: &AppState,
    session: SessionId,
    user: UserId,
    wish: Option<Wish>,
) -> Result<Response, Problem> {
    let seen = app.rooms.get(&app.store, session).await?;
    let now = app.clock.now();
    let phase = seen.room.room.phase(&seen.room.tally, now);
    let told = told(app, &seen, user);
    if told.need_not_wait() {
        return Ok(shown(told.let_through())?.into_response());
    }
    let known = app.store.entry(told.id, wish.is_some()).await?;
    if let (Some(entry), Some(wish), false) = (&known, &wish, phase.is_over())
        && !told.is_over(entry)
        && let Some(response) = change_wish(app, &told, entry, wish).await?
    {
        return Ok(response);
    }
    if let Some(entry) = known.as_ref().filter(|entry| !told.is_over(entry) || phase.is_over()) {
        return Ok(shown(told.entry(entry))?.into_response());
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
    let ended_at = known.and_then(|entry| entry.ended_at);
    let at = ended_at.map_or(now, |ended| now.max(just_after(ended)));
    let arrival = Arrival { session, user, at, wish };
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
            Err(unavailable().with("retry_after", RETRY_AFTER))
        }
    }
}

pub(crate) fn told(app: &AppState, seen: &Arc<Seen>, user: UserId) -> Told {
    let id = EntryId::of(seen.room.room.session, user);
    let (passes, now) = (app.passes.clone(), app.clock.now());
    Told { id, user, seen: Arc::clone(seen), passes, pass_for: app.pass_for, now }
}
