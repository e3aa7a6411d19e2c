//! The seat map: every seat of a session, its price, and whether it can be had now.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use marquee_booking_domain::{
    ids::SessionId, seat::SeatStatus, seat_ref::SessionHash, seating::BlockState, venue::Session,
};
use marquee_kernel::time::Timestamp;
use marquee_lambda::{
    extract::PathId,
    json::{Amount, DateTime, one_of_schema},
    problem::{INTERNAL, Problem},
};
use serde::Serialize;
use utoipa::{ToSchema, openapi::schema::Object};
use uuid::Uuid;

use crate::{
    AppState,
    seat_maps::{Answer, Snapshot},
    sessions,
};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeatMap {
    session_id: Uuid,
    hall_id: Uuid,
    /// When seats can first be held.
    #[schema(value_type = String, format = DateTime)]
    sales_start: DateTime,
    /// From when on no seat can be held.
    #[schema(value_type = String, format = DateTime)]
    sales_end: DateTime,
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
    #[schema(schema_with = status_schema)]
    status: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    reserved_until: Option<DateTime>,
}

fn status_schema() -> Object {
    one_of_schema(SeatStatus::NAMES)
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
    State(app): State<AppState>,
    PathId(id): PathId<SessionId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let session = sessions::find(&app, id).await?;
    let snapshot = snapshot(&app, &session).await?;
    let make = || async {
        answer(&SeatMap {
            session_id: id.uuid(),
            hall_id: session.hall.uuid(),
            sales_start: DateTime(session.sales_start),
            sales_end: DateTime(session.sales_end),
            seats: session_seats(&snapshot, &session),
        })
    };
    let answer = snapshot.map.get_or_try_init(make).await?.clone();
    Ok(conditional(&headers, answer))
}

/// The seats alone
#[utoipa::path(
    get, path = "/api/v1/sessions/{session_id}/seats", tag = "sessions",
    params(("session_id" = Uuid, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = Vec<SessionSeat>), (status = 304, description = "unchanged"))
)]
pub(crate) async fn seats(
    State(app): State<AppState>,
    PathId(id): PathId<SessionId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let session = sessions::find(&app, id).await?;
    let snapshot = snapshot(&app, &session).await?;
    let make = || async { answer(&session_seats(&snapshot, &session)) };
    let answer = snapshot.seats.get_or_try_init(make).await?.clone();
    Ok(conditional(&headers, answer))
}

async fn snapshot(app: &AppState, session: &Session) -> Result<Arc<Snapshot>, Problem> {
    let read = app.store.seat_blocks(session.id);
    app.seat_maps.get(session.id, app.clock.as_ref(), read).await
}

fn session_seats(snapshot: &Snapshot, session: &Session) -> Vec<SessionSeat> {
    let hash = SessionHash::of(session.id);
    let blocks = snapshot.blocks.iter();
    blocks.flat_map(|state| block_seats(state, session, hash, snapshot.at)).collect()
}

fn block_seats(
    state: &BlockState,
    session: &Session,
    hash: SessionHash,
    now: Timestamp,
) -> impl Iterator<Item = SessionSeat> {
    let block = &state.block;
    let ids = block.ids(hash, session.hall);
    (0_u16..).zip(ids).zip(&block.seats).map(move |((position, (id, seat_id)), seat)| {
        let taken = state.seat(position);
        SessionSeat {
            session_seat_id: id.uuid(),
            seat_id: seat_id.uuid(),
            row_number: block.row_number.clone(),
            seat_number: seat.seat_number.clone(),
            seat_type: seat.seat_type.clone(),
            price: Amount(session.base_price),
            status: taken.status(now).into_str(),
            reserved_until: taken.live_claim(now).map(|claim| DateTime(claim.until)),
        }
    })
}

fn answer(answer: &impl Serialize) -> Result<Answer, Problem> {
    let body = serde_json::to_vec(answer).map_err(|error| {
        tracing::error!(%error, "cannot write the seat map");
        Problem::new(&INTERNAL, "the request failed on our side".into())
    })?;
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    // Weak, as it is the same for the answer compressed.
    Ok(Answer { body: body.into(), tag: format!("W/\"{:016x}\"", hasher.finish()) })
}

/// 304 if the caller has this very answer already.
fn conditional(headers: &HeaderMap, Answer { body, tag }: Answer) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let known = known.is_some_and(|known| matches(known, &tag));
    // A client may hold the answer but has to ask whether it still stands.
    let caching = [(header::ETAG, tag), (header::CACHE_CONTROL, "no-cache".to_owned())];
    if known {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::OK, caching, content_type, body).into_response()
}

/// `If-None-Match` is `*` or a list; weak tags count (RFC 9110, section 13.1.2).
fn matches(if_none_match: &str, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let tag = opaque(tag);
    if_none_match.trim() == "*" || if_none_match.split(',').any(|known| opaque(known) == tag)
}
