//! The seat map: every seat of a session, its price, and whether it can be had now.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use marquee_domain::{
    booking::{seat_ref::SessionTag, seating::BlockState, venue::Session},
    ids::SessionId,
    time::Timestamp,
};
use marquee_lambda::{
    extract::PathId,
    json::{Amount, Instant},
    problem::{INTERNAL, Problem},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Services, sessions};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeatMap {
    session_id: Uuid,
    hall_id: Uuid,
    seats: Vec<SessionSeat>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionSeat {
    session_seat_id: Uuid,
    seat_id: Uuid,
    row_number: String,
    seat_number: String,
    seat_type: String,
    /// At the base price; a price tier of the buyer's choice multiplies it.
    #[schema(value_type = f64)]
    price: Amount,
    /// `available`, `reserved` or `sold`.
    status: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    reserved_until: Option<Instant>,
}

/// The seat map
///
/// Carries an `ETag`; with it as `If-None-Match` the answer is 304 while nothing has changed.
#[utoipa::path(
    get, path = "/api/v1/sessions/{session_id}/seat-map", tag = "sessions",
    params(("session_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = SeatMap), (status = 304, description = "unchanged"))
)]
pub(crate) async fn seat_map(
    State(services): State<Services>,
    PathId(id): PathId<SessionId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let session = sessions::find(&services, id).await?;
    let seats = session_seats(&services, &session).await?;
    let hall_id = session.hall.uuid();
    conditional(&headers, &SeatMap { session_id: id.uuid(), hall_id, seats })
}

/// The seats alone
#[utoipa::path(
    get, path = "/api/v1/sessions/{session_id}/seats", tag = "sessions",
    params(("session_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = Vec<SessionSeat>), (status = 304, description = "unchanged"))
)]
pub(crate) async fn seats(
    State(services): State<Services>,
    PathId(id): PathId<SessionId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let session = sessions::find(&services, id).await?;
    conditional(&headers, &session_seats(&services, &session).await?)
}

async fn session_seats(
    services: &Services,
    session: &Session,
) -> Result<Vec<SessionSeat>, Problem> {
    let blocks = services.store.seat_blocks(session.id).await?;
    let now = services.clock.now();
    let tag = SessionTag::of(session.id);
    let mut seats = Vec::with_capacity(session.seats_count);
    for state in &blocks {
        seats.extend(block_seats(state, session, tag, now));
    }
    Ok(seats)
}

fn block_seats(
    state: &BlockState,
    session: &Session,
    tag: SessionTag,
    now: Timestamp,
) -> impl Iterator<Item = SessionSeat> {
    let block = &state.block;
    let ids = block.ids(tag, session.hall);
    (0_u16..).zip(ids).zip(&block.seats).map(move |((position, (id, seat_id)), seat)| {
        let taken = state.seat(position);
        SessionSeat {
            session_seat_id: id.uuid(),
            seat_id: seat_id.uuid(),
            row_number: block.row_number.clone(),
            seat_number: seat.seat_number.clone(),
            seat_type: seat.seat_type.clone(),
            price: Amount(session.base_price),
            status: taken.status(now).name(),
            reserved_until: taken.live_claim(now).map(|claim| Instant(claim.until)),
        }
    })
}

/// 304 if the caller has this very answer already. The tag is of the answer, not of the data, so
/// a hold that runs out changes it with nothing written.
fn conditional(headers: &HeaderMap, answer: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_string(answer).map_err(|error| {
        tracing::error!(%error, "cannot write the seat map");
        Problem::new(&INTERNAL, "the request failed on our side".into())
    })?;
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    // A client may hold the answer but has to ask whether it still stands.
    let caching = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "no-cache".to_owned())];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| matches(known, &tag)) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    Ok((StatusCode::OK, caching, content_type, body).into_response())
}

/// `If-None-Match` is `*` or a list; weak tags count (RFC 9110, section 13.1.2).
fn matches(if_none_match: &str, tag: &str) -> bool {
    let strong = |known: &str| known.trim().trim_start_matches("W/").to_owned();
    if_none_match.trim() == "*" || if_none_match.split(',').any(|known| strong(known) == tag)
}
