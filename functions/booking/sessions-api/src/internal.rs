//! What other services call: seats by their identifiers alone, with no reservation of ours.
//!
//! `reservation_id` is who the seats are held for, and only the same one can release or confirm
//! them. A caller may choose it, which makes reserving safe to repeat, or is given one.

use std::sync::Arc;

use axum::{Json, extract::State};
use marquee_booking::store::seats::Mark;
use marquee_booking_domain::{
    ids::{SessionId, SessionSeatId},
    problems::SEAT_TAKEN,
    seat::{Claim, SeatState},
    seat_ref::SeatPlace,
    venue::Session,
};
use marquee_kernel::time::Timestamp;
use marquee_lambda::{
    extract::{PathId, Payload},
    json::{Amount, DateTime},
    problem::Problem,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AppState, sessions};

/// A transaction takes 100 items, and no caller needs more seats at once.
const SEATS_MAX: usize = 100;

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Seats {
    #[schema(value_type = HashSet<Uuid>, min_items = 1, max_items = 100)]
    session_seat_ids: Vec<Uuid>,
    /// Given back with the answer; a new one, if missing.
    reservation_id: Option<Uuid>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SeatsOfReservation {
    #[schema(value_type = HashSet<Uuid>, min_items = 1, max_items = 100)]
    session_seat_ids: Vec<Uuid>,
    /// As `reserve` answered.
    reservation_id: Uuid,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Availability {
    /// Whether all of them can be had: none can while the session is not on sale.
    available: bool,
    unavailable_session_seat_ids: Vec<Uuid>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeatsHeld {
    reservation_id: Uuid,
    session_seat_ids: Vec<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    reserved_until: DateTime,
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
    State(app): State<AppState>,
    PathId(session): PathId<SessionId>,
    Payload { value, .. }: Payload<Seats>,
) -> Result<Json<Availability>, Problem> {
    let (on_sale, places) = locate(&app, session, &value.session_seat_ids).await?;
    let now = app.clock.now();
    let states = app.store.seat_states(session, &places).await?;
    let not_sold = on_sale.check_sales(now).is_err();
    let taken = |(state, _): &(SeatState, &Uuid)| not_sold || state.live_claim(now).is_some();
    let unavailable: Vec<Uuid> =
        states.into_iter().zip(&value.session_seat_ids).filter(taken).map(|(_, id)| *id).collect();
    let available = unavailable.is_empty();
    Ok(Json(Availability { available, unavailable_session_seat_ids: unavailable }))
}

/// Hold seats, all or none
#[utoipa::path(
    post, path = "/api/internal/sessions/{session_id}/seats/reserve", tag = "internal",
    params(("session_id" = Uuid, Path)), request_body = Seats,
    responses(
        (status = 200, body = SeatsHeld),
        (status = 409, description = "seat taken, or not on sale"),
    )
)]
pub(crate) async fn reserve(
    State(app): State<AppState>,
    PathId(id): PathId<SessionId>,
    Payload { value, .. }: Payload<Seats>,
) -> Result<Json<SeatsHeld>, Problem> {
    let (session, places) = locate(&app, id, &value.session_seat_ids).await?;
    let now = app.clock.now();
    let owner = value.reservation_id.unwrap_or_else(Uuid::new_v4);
    let held = match session.check_sales(now) {
        Ok(()) => {
            let claim = Claim { owner, until: now + app.hold_for };
            let held = app.store.hold_seats(id, &places, claim, now).await?;
            held.map_err(|taken| seats_taken(&value.session_seat_ids, &places, &taken))?
        }
        // What was held in time is held.
        Err(refusal) => {
            held_by(&app, id, &places, owner, now).await?.ok_or_else(|| Problem::of(&refusal))?
        }
    };
    Ok(Json(SeatsHeld {
        reservation_id: owner,
        session_seat_ids: value.session_seat_ids,
        reserved_until: DateTime(held.until),
    }))
}

/// The claim that runs out first, if `owner` holds all of the seats.
async fn held_by(
    app: &AppState,
    session: SessionId,
    places: &[SeatPlace],
    owner: Uuid,
    now: Timestamp,
) -> Result<Option<Claim>, Problem> {
    let states = app.store.seat_states(session, places).await?;
    let claims = states.iter().map(|state| state.live_claim(now));
    let own: Option<Vec<_>> =
        claims.map(|claim| claim.filter(|claim| claim.owner == owner)).collect();
    Ok(own.and_then(|claims| claims.into_iter().min_by_key(|claim| claim.until)))
}

/// Free seats that the same caller holds
#[utoipa::path(
    post, path = "/api/internal/sessions/{session_id}/seats/release", tag = "internal",
    params(("session_id" = Uuid, Path)), request_body = SeatsOfReservation,
    responses((status = 200, body = SeatsChanged))
)]
pub(crate) async fn release(
    State(app): State<AppState>,
    PathId(session): PathId<SessionId>,
    Payload { value, .. }: Payload<SeatsOfReservation>,
) -> Result<Json<SeatsChanged>, Problem> {
    let (_, places) = locate(&app, session, &value.session_seat_ids).await?;
    let owner = value.reservation_id;
    let changed = app.store.mark(session, &places, owner, None, Mark::Free).await?;
    Ok(Json(SeatsChanged { session_seat_ids: value.session_seat_ids, changed }))
}

/// Mark seats sold that the same caller holds, all or none
#[utoipa::path(
    post, path = "/api/internal/sessions/{session_id}/seats/confirm", tag = "internal",
    params(("session_id" = Uuid, Path)), request_body = SeatsOfReservation,
    responses((status = 200, body = SeatsChanged), (status = 409, description = "not held"))
)]
pub(crate) async fn confirm(
    State(app): State<AppState>,
    PathId(session): PathId<SessionId>,
    Payload { value, .. }: Payload<SeatsOfReservation>,
) -> Result<Json<SeatsChanged>, Problem> {
    let (_, places) = locate(&app, session, &value.session_seat_ids).await?;
    let owner = value.reservation_id;
    match app.store.sell_seats(session, &places, owner).await? {
        Ok(changed) => Ok(Json(SeatsChanged { session_seat_ids: value.session_seat_ids, changed })),
        Err(taken) => Err(seats_taken(&value.session_seat_ids, &places, &taken)),
    }
}

/// A session's base price
#[utoipa::path(
    get, path = "/api/internal/sessions/{session_id}/pricing", tag = "internal",
    params(("session_id" = Uuid, Path)), responses((status = 200, body = Pricing))
)]
pub(crate) async fn pricing(
    State(app): State<AppState>,
    PathId(id): PathId<SessionId>,
) -> Result<Json<Pricing>, Problem> {
    let session = sessions::find(&app, id).await?;
    Ok(Json(Pricing { session_id: id.uuid(), base_price: Amount(session.base_price) }))
}

/// Whether this API is up
#[utoipa::path(get, path = "/api/internal/health", tag = "internal", responses((status = 200)))]
pub(crate) async fn health() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

async fn locate(
    app: &AppState,
    id: SessionId,
    ids: &[Uuid],
) -> Result<(Arc<Session>, Vec<SeatPlace>), Problem> {
    if !(1..=SEATS_MAX).contains(&ids.len()) {
        let detail = format!("must name 1 to {SEATS_MAX} seats");
        return Err(Problem::invalid_field("session_seat_ids", detail));
    }
    let twice = (1..ids.len()).find(|index| ids[..*index].contains(&ids[*index]));
    if let Some(index) = twice {
        let field = format!("session_seat_ids[{index}]");
        return Err(Problem::invalid_field(&field, "is named twice"));
    }
    let session = sessions::find(app, id).await?;
    let ids: Vec<_> = ids.iter().copied().map(SessionSeatId::new).collect();
    match app.store.locate(id, &ids).await? {
        Ok(located) => Ok((session, located.into_iter().map(|seat| seat.place).collect())),
        Err(unknown) => {
            let position = ids.iter().position(|id| unknown.contains(id)).unwrap_or(0);
            let field = format!("session_seat_ids[{position}]");
            Err(Problem::invalid_field(&field, "is not a seat of this session"))
        }
    }
}

fn seats_taken(wanted: &[Uuid], places: &[SeatPlace], taken: &[SeatPlace]) -> Problem {
    let all = places.iter().zip(wanted);
    let ids = all
        .filter(|(place, _)| taken.contains(place))
        .map(|(_, id)| json!({ "session_seat_id": id }));
    let ids: Vec<_> = ids.collect();
    let detail = "some of these seats are somebody else's, or nobody's".to_owned();
    Problem::new(&SEAT_TAKEN, detail).with("seats", ids)
}
