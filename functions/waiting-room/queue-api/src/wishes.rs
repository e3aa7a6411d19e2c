//! Changing what a visitor asks for.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use marquee_lambda::problem::{INTERNAL, Problem};
use marquee_passes::{
    SigningError,
    request::{BookingRequest, Wish},
};
use marquee_waiting_room::{
    store::entries::Entry,
    views::entry::{EntryView, Told},
};
use marquee_waiting_room_domain::{problems::ROOM_UNAVAILABLE, visitor::Status};

use crate::{API, AppState};

/// Seconds until a visitor who could not be taken should try again.
pub(crate) const RETRY_AFTER: i64 = 5;

/// What a visitor who is in the room asks for. `None`: something changed meanwhile.
pub(crate) async fn change_wish(
    app: &AppState,
    told: &Told,
    entry: &Entry,
    wish: &Wish,
) -> Result<Option<Response>, Problem> {
    let answer = |entry: &Entry| Ok(Some(shown(told.entry(entry))?.into_response()));
    match (entry.status, entry.place) {
        (Status::Waiting, _) => {
            let changed = app.store.set_wish(entry, wish).await?;
            if changed { answer(entry) } else { Ok(None) }
        }
        (Status::Admitted, Some(place)) if entry.reservation.is_none() => {
            let number = told.number(entry).unwrap_or_default();
            let (session, user) = (entry.session.uuid(), entry.user.uuid());
            let place = (place.id, place.until);
            let request = BookingRequest::new(session, user, place, number, wish.clone());
            match app.publisher.publish(&[request.outgoing(API.name)]).await.pop() {
                Some(Ok(())) => answer(entry),
                failed => {
                    tracing::error!(%session, ?failed, "a request could not be taken");
                    Err(unavailable().with("retry_after", RETRY_AFTER))
                }
            }
        }
        _ => answer(entry),
    }
}

pub(crate) fn shown(view: Result<EntryView, SigningError>) -> Result<Json<EntryView>, Problem> {
    view.map(Json).map_err(|error| {
        tracing::error!(%error, "no pass");
        Problem::new(&INTERNAL, "the request failed on our side".into())
    })
}

pub(crate) fn unavailable() -> Problem {
    let detail = "the room cannot take anybody at the moment; try again in a few seconds";
    Problem::new(&ROOM_UNAVAILABLE, detail.into())
}
