//! Reading and cancelling reservations. Another user's is not found.

use axum::{Json, extract::State};
use marquee_booking_domain::{ids::ReservationId, reservation::Reservation};
use marquee_kernel::ids::UserId;
use marquee_lambda::{
    extract::{Buyer, PathId},
    problem::Problem,
};

use crate::{AppState, views::ReservationView};

/// Tries at a change that conflicts with other requests' each time.
const TRIES_MAX: u32 = 3;

/// One of your reservations
#[utoipa::path(
    get, path = "/api/v1/reservations/{reservation_id}", tag = "reservations",
    params(("reservation_id" = Uuid, Path), ("X-User-ID" = Uuid, Header)),
    responses((status = 200, body = ReservationView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    PathId(id): PathId<ReservationId>,
    Buyer(user): Buyer,
) -> Result<Json<ReservationView>, Problem> {
    let reservation = find(&app, id, user).await?;
    view(&app, &reservation).await
}

/// With what is on record of its payment.
pub(crate) async fn view(
    app: &AppState,
    reservation: &Reservation,
) -> Result<Json<ReservationView>, Problem> {
    let payment = app.checkout.payment_of(reservation).await?;
    Ok(Json(ReservationView::new(reservation, payment.as_ref(), app.checkout.clock.now())))
}

/// Cancel a reservation that is not paid for; its seats are free at once
#[utoipa::path(
    delete, path = "/api/v1/reservations/{reservation_id}", tag = "reservations",
    params(("reservation_id" = Uuid, Path), ("X-User-ID" = Uuid, Header)),
    responses((status = 200, body = ReservationView), (status = 410, description = "expired"))
)]
pub(crate) async fn cancel(
    State(app): State<AppState>,
    PathId(id): PathId<ReservationId>,
    Buyer(user): Buyer,
) -> Result<Json<ReservationView>, Problem> {
    for _ in 0..TRIES_MAX {
        let reservation = find(&app, id, user).await?;
        let now = app.checkout.clock.now();
        if !reservation.cancellation(now).map_err(|refusal| Problem::of(&refusal))? {
            return view(&app, &reservation).await;
        }
        if let Some(cancelled) = app.checkout.store.cancel(&reservation, now).await? {
            return Ok(Json(ReservationView::new(&cancelled, None, now)));
        }
    }
    Err(conflict())
}

pub(crate) async fn find(
    app: &AppState,
    id: ReservationId,
    user: UserId,
) -> Result<Reservation, Problem> {
    let found = app.checkout.store.reservation(id).await?;
    found
        .filter(|reservation| reservation.user == user)
        .ok_or_else(|| Problem::not_found("reservation of yours"))
}

pub(crate) fn conflict() -> Problem {
    let detail = "other requests are changing this reservation; try again";
    Problem::new(&marquee_lambda::problem::BUSY, detail.into())
}
