//! What other services call: seats by their identifiers alone, with no reservation of ours.
//!
//! The caller's `reservation_id` is who the seats are held for, and only the same one can release
//! or confirm them. A caller that gives none shares one owner per session with all who give none.

use axum::{Json, extract::State};
use marquee_domain::{
    booking::{
        seat::{Claim, SeatState},
        seat_ref::SeatPlace,
    },
    ids::{SessionId, SessionSeatId},
};
use marquee_lambda::{
    extract::{PathId, Payload},
    json::{Amount, Instant},
    problem::{Problem, SEAT_TAKEN},
};
use marquee_store::booking::seats::Mark;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Services, sessions};

/// A transaction takes 100 items, and no caller needs more seats at once.
const SEATS_MAX: usize = 100;

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Seats {
    session_seat_ids: Vec<Uuid>,
    reservation_id: Option<Uuid>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Availability {
    /// Whether all of them can be had.
    available: bool,
    unavailable_session_seat_ids: Vec<Uuid>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeatsHeld {
    reservation_id: Uuid,
    session_seat_ids: Vec<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    reserved_until: Instant,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeatsChanged {
    session_seat_ids: Vec<Uuid>,
    /// How many were not so before.
    changed: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pricing {
    session_id: Uuid,
    #[schema(value_type = f64)]
    base_price: Amount,
}

/// Whether seats can be had
#[utoipa::path(
    post, path = "/api/internal/sessions/{session_id}/seats/check-availability", tag = "internal",
    params(("session_id" = Uuid, Path)), request_body = Seats,
    responses((status = 200, body = Availability))
)]
pub(crate) async fn check_availability(
    State(services): State<Services>,
    PathId(session): PathId<SessionId>,
    Payload { value, .. }: Payload<Seats>,
) -> Result<Json<Availability>, Problem> {
    let places = locate(&services, session, &value).await?;
    let now = services.clock.now();
    let states = services.store.seat_states(session, &places).await?;
    let taken = |(state, _): &(SeatState, &Uuid)| state.live_claim(now).is_some();
    let unavailable: Vec<Uuid> =
        states.into_iter().zip(&value.session_seat_ids).filter(taken).map(|(_, id)| *id).collect();
    let available = unavailable.is_empty();
    Ok(Json(Availability { available, unavailable_session_seat_ids: unavailable }))
}

/// Hold seats, all or none
#[utoipa::path(
    post, path = "/api/internal/sessions/{session_id}/seats/reserve", tag = "internal",
    params(("session_id" = Uuid, Path)), request_body = Seats,
    responses((status = 200, body = SeatsHeld), (status = 409, description = "seat taken"))
)]
pub(crate) async fn reserve(
    State(services): State<Services>,
    PathId(session): PathId<SessionId>,
    Payload { value, .. }: Payload<Seats>,
) -> Result<Json<SeatsHeld>, Problem> {
    let places = locate(&services, session, &value).await?;
    let now = services.clock.now();
    let owner = owner(session, &value);
    let claim = Claim { owner, until: now + services.hold_for };
    match services.store.hold_seats(session, &places, claim, now).await? {
        Ok(held) => Ok(Json(SeatsHeld {
            reservation_id: owner,
            session_seat_ids: value.session_seat_ids,
            reserved_until: Instant(held.until),
        })),
        Err(taken) => Err(seats_taken(&value, &places, &taken)),
    }
}

/// Free seats that the same caller holds
#[utoipa::path(
    post, path = "/api/internal/sessions/{session_id}/seats/release", tag = "internal",
    params(("session_id" = Uuid, Path)), request_body = Seats,
    responses((status = 200, body = SeatsChanged))
)]
pub(crate) async fn release(
    State(services): State<Services>,
    PathId(session): PathId<SessionId>,
    Payload { value, .. }: Payload<Seats>,
) -> Result<Json<SeatsChanged>, Problem> {
    let places = locate(&services, session, &value).await?;
    let owner = owner(session, &value);
    let changed = services.store.mark(session, &places, owner, None, Mark::Free).await?;
    Ok(Json(SeatsChanged { session_seat_ids: value.session_seat_ids, changed }))
}

/// Mark seats sold that the same caller holds, all or none
#[utoipa::path(
    post, path = "/api/internal/sessions/{session_id}/seats/confirm", tag = "internal",
    params(("session_id" = Uuid, Path)), request_body = Seats,
    responses((status = 200, body = SeatsChanged), (status = 409, description = "not held"))
)]
pub(crate) async fn confirm(
    State(services): State<Services>,
    PathId(session): PathId<SessionId>,
    Payload { value, .. }: Payload<Seats>,
) -> Result<Json<SeatsChanged>, Problem> {
    let places = locate(&services, session, &value).await?;
    let owner = owner(session, &value);
    match services.store.sell_seats(session, &places, owner).await? {
        Ok(changed) => Ok(Json(SeatsChanged { session_seat_ids: value.session_seat_ids, changed })),
        Err(taken) => Err(seats_taken(&value, &places, &taken)),
    }
}

/// A session's base price
#[utoipa::path(
    get, path = "/api/internal/sessions/{session_id}/pricing", tag = "internal",
    params(("session_id" = Uuid, Path)), responses((status = 200, body = Pricing))
)]
pub(crate) async fn pricing(
    State(services): State<Services>,
    PathId(id): PathId<SessionId>,
) -> Result<Json<Pricing>, Problem> {
    let session = sessions::find(&services, id).await?;
    Ok(Json(Pricing { session_id: id.uuid(), base_price: Amount(session.base_price) }))
}

/// Whether this API is up
#[utoipa::path(get, path = "/api/internal/health", tag = "internal", responses((status = 200)))]
pub(crate) async fn health() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

fn owner(session: SessionId, seats: &Seats) -> Uuid {
    seats.reservation_id.unwrap_or_else(|| Uuid::new_v5(&session.uuid(), b"internal"))
}

async fn locate(
    services: &Services,
    session: SessionId,
    seats: &Seats,
) -> Result<Vec<SeatPlace>, Problem> {
    let ids = &seats.session_seat_ids;
    if !(1..=SEATS_MAX).contains(&ids.len()) {
        let detail = format!("must name 1 to {SEATS_MAX} seats");
        return Err(Problem::invalid_field("session_seat_ids", detail));
    }
    let twice = (1..ids.len()).find(|index| ids[..*index].contains(&ids[*index]));
    if let Some(index) = twice {
        let field = format!("session_seat_ids[{index}]");
        return Err(Problem::invalid_field(&field, "is named twice"));
    }
    sessions::find(services, session).await?;
    let ids: Vec<_> = ids.iter().copied().map(SessionSeatId::new).collect();
    match services.store.locate(session, &ids).await? {
        Ok(located) => Ok(located.into_iter().map(|seat| seat.place).collect()),
        Err(unknown) => {
            let position = ids.iter().position(|id| unknown.contains(id)).unwrap_or(0);
            let field = format!("session_seat_ids[{position}]");
            Err(Problem::invalid_field(&field, "is not a seat of this session"))
        }
    }
}

fn seats_taken(wanted: &Seats, places: &[SeatPlace], taken: &[SeatPlace]) -> Problem {
    let all = places.iter().zip(&wanted.session_seat_ids);
    let ids = all
        .filter(|(place, _)| taken.contains(place))
        .map(|(_, id)| json!({ "session_seat_id": id }));
    let ids: Vec<_> = ids.collect();
    let detail = "some of these seats are somebody else's, or nobody's".to_owned();
    Problem::new(&SEAT_TAKEN, detail).with("seats", ids)
}
