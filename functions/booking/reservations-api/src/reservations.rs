//! Reading and cancelling reservations. Another user's is not found.

use axum::{Json, extract::State};
use marquee_domain::{
    booking::reservation::{Refusal, Reservation},
    ids::{ReservationId, UserId},
};
use marquee_lambda::{
    extract::{Buyer, PathId},
    problem::{HOLD_EXPIRED, Problem, RESERVATION_CLOSED},
};

use crate::{Services, views::ReservationView};

/// Tries at a change that other requests keep overtaking.
const TRIES_MAX: u32 = 3;

/// One of your reservations
#[utoipa::path(
    get, path = "/api/v1/reservations/{reservation_id}", tag = "reservations",
    params(("reservation_id" = Uuid, Path), ("X-User-ID" = Uuid, Header)),
    responses((status = 200, body = ReservationView))
)]
pub(crate) async fn get(
    State(services): State<Services>,
    PathId(id): PathId<ReservationId>,
    Buyer(user): Buyer,
) -> Result<Json<ReservationView>, Problem> {
    let reservation = find(&services, id, user).await?;
    Ok(Json(ReservationView::new(&reservation, services.clock.now())))
}

/// Cancel a reservation that is not paid for; its seats are free at once
#[utoipa::path(
    delete, path = "/api/v1/reservations/{reservation_id}", tag = "reservations",
    params(("reservation_id" = Uuid, Path), ("X-User-ID" = Uuid, Header)),
    responses((status = 200, body = ReservationView), (status = 410, description = "expired"))
)]
pub(crate) async fn cancel(
    State(services): State<Services>,
    PathId(id): PathId<ReservationId>,
    Buyer(user): Buyer,
) -> Result<Json<ReservationView>, Problem> {
    for _ in 0..TRIES_MAX {
        let reservation = find(&services, id, user).await?;
        let now = services.clock.now();
        if !reservation.cancellation(now).map_err(|refusal| refused(&refusal))? {
            return Ok(Json(ReservationView::new(&reservation, now)));
        }
        if let Some(cancelled) = services.store.cancel(&reservation, now).await? {
            return Ok(Json(ReservationView::new(&cancelled, now)));
        }
    }
    Err(overtaken())
}

pub(crate) async fn find(
    services: &Services,
    id: ReservationId,
    user: UserId,
) -> Result<Reservation, Problem> {
    let found = services.store.reservation(id).await?;
    found
        .filter(|reservation| reservation.user == user)
        .ok_or_else(|| Problem::not_found("reservation of yours"))
}

pub(crate) fn refused(refusal: &Refusal) -> Problem {
    let kind = match refusal {
        Refusal::Expired(_) | Refusal::Refunded => &HOLD_EXPIRED,
        Refusal::Cancelled | Refusal::Confirmed => &RESERVATION_CLOSED,
    };
    Problem::new(kind, refusal.to_string())
}

pub(crate) fn overtaken() -> Problem {
    let detail = "other requests are changing this reservation; try again";
    Problem::new(&marquee_lambda::problem::BUSY, detail.into())
}
