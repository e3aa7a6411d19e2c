//! `POST /api/v1/reservations/{id}/confirm`: pay, and keep the seats for good.
//!
//! The money is taken first, under an identifier that makes taking it twice impossible; then one
//! request confirms the seats and the reservation. Where that can no longer be, the money goes back: an earlier
//! try of the same request may have taken it. What is due for a lost hold is put on record before
//! it is done, so that no other try can confirm by money that is on its way back.

use axum::{Json, extract::State};
use marquee_booking::store::confirmations::ConfirmOutcome;
use marquee_booking_domain::{
    ids::ReservationId,
    payment::{Payment, PaymentError, PaymentStatus},
    problems::{HOLD_EXPIRED, PAYMENT_DECLINED, PAYMENT_TIMED_OUT},
    reservation::{Confirmation, Reservation, ReservationRefusal},
    venue::NotOnSale,
};
use marquee_kernel::time::Timestamp;
use marquee_lambda::{
    extract::{Buyer, OptionalPayload, PathId},
    problem::{Problem, ProblemType},
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    AppState,
    reservations::{conflict, find},
    views::{PaymentView, ReservationView},
};

const PAYMENT_ID_LEN_MAX: usize = 64;
/// Tries at a change that conflicts with other requests' each time.
const TRIES_MAX: u32 = 5;

#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct Confirm {
    /// The payment at the provider. Without one, the provider is asked to take the money now.
    #[schema(min_length = 1, max_length = 64, pattern = r"\S")]
    payment_id: Option<String>,
}

/// Pay and confirm
#[utoipa::path(
    post, path = "/api/v1/reservations/{reservation_id}/confirm", tag = "reservations",
    request_body = Option<Confirm>,
    params(("reservation_id" = Uuid, Path), ("X-User-ID" = Uuid, Header)),
    responses(
        (status = 200, body = ReservationView),
        (status = 402, description = "payment declined"),
        (status = 410, description = "the hold ran out; `refund` says what became of a payment"),
    )
)]
pub(crate) async fn confirm(
    State(app): State<AppState>,
    PathId(id): PathId<ReservationId>,
    Buyer(user): Buyer,
    OptionalPayload(body): OptionalPayload<Confirm>,
) -> Result<Json<ReservationView>, Problem> {
    let mut given = checked(body.payment_id.as_deref())?.map(str::to_owned);
    for _ in 0..TRIES_MAX {
        let reservation = find(&app, id, user).await?;
        let now = app.clock.now();
        let late = match reservation.confirmation(given.as_deref(), now) {
            Ok(Confirmation::AlreadyDone) => {
                return Ok(Json(ReservationView::new(&reservation, now)));
            }
            Ok(Confirmation::Proceed { late }) => late,
            Err(ReservationRefusal::Expired(_))
                if was_taken(&app, &own_payment_id(&reservation)).await? =>
            {
                // An earlier try took the money and got no further: a payment come late.
                given = Some(own_payment_id(&reservation));
                continue;
            }
            Err(refusal) => {
                return Err(turn_away(&app, &reservation, given, refusal).await?);
            }
        };
        let payment_id = given.clone().unwrap_or_else(|| own_payment_id(&reservation));
        if late && sales_are_closed(&app, &reservation, now).await? {
            match too_late(&app, &reservation, payment_id, now).await? {
                Some(problem) => return Err(problem),
                None => continue,
            }
        }
        let payment = capture(&app, &reservation, payment_id, late, now).await?;
        let outcome = app.store.confirm(&reservation, &payment, app.clock.now()).await?;
        match outcome {
            ConfirmOutcome::Confirmed(done) => return Ok(Json(ReservationView::new(&done, now))),
            ConfirmOutcome::HoldLost => {
                if let Some(problem) = refund(&app, &reservation, payment).await? {
                    return Err(problem);
                }
            }
            ConfirmOutcome::Changed => {}
        }
        // Another request changed the reservation in between: what it is now decides.
    }
    Err(conflict())
}

/// Then nothing is sold any more, and a hold that has run out is not honoured either.
async fn sales_are_closed(
    app: &AppState,
    reservation: &Reservation,
    now: Timestamp,
) -> Result<bool, Problem> {
    let session = app.store.session(reservation.session).await?;
    let refusal = session.and_then(|session| session.check_sales(now).err());
    Ok(matches!(refusal, Some(NotOnSale::Closed(_))))
}

/// Takes no money any more. What an earlier try took goes back; `None` if that try has confirmed the
/// reservation after all.
async fn too_late(
    app: &AppState,
    reservation: &Reservation,
    payment_id: String,
    now: Timestamp,
) -> Result<Option<Problem>, Problem> {
    if was_taken(app, &payment_id).await? {
        let (id, status, at) = (payment_id, PaymentStatus::Captured, now);
        return refund(app, reservation, Payment { id, status, at, late: true }).await;
    }
    let detail = "the hold ran out, and sales have closed since; nothing was taken";
    Ok(Some(Problem::new(&HOLD_EXPIRED, detail.into())))
}

fn checked(payment_id: Option<&str>) -> Result<Option<&str>, Problem> {
    match payment_id.map(str::trim) {
        Some(id) if id.is_empty() || id.chars().count() > PAYMENT_ID_LEN_MAX => {
            let detail = format!("must have 1 to {PAYMENT_ID_LEN_MAX} characters");
            Err(Problem::invalid_field("payment_id", detail))
        }
        id => Ok(id),
    }
}

/// What a payment is known by that the caller gave no name: the same for every try.
fn own_payment_id(reservation: &Reservation) -> String {
    Uuid::new_v5(&reservation.id.uuid(), b"payment").to_string()
}

async fn was_taken(app: &AppState, payment_id: &str) -> Result<bool, Problem> {
    let taken = app.payments.was_captured(payment_id).await;
    taken.map_err(|error| Problem::new(&PAYMENT_TIMED_OUT, error.to_string()))
}

async fn capture(
    app: &AppState,
    reservation: &Reservation,
    id: String,
    late: bool,
    now: Timestamp,
) -> Result<Payment, Problem> {
    match app.payments.capture(&id, reservation.total()).await {
        Ok(()) => Ok(Payment { id, status: PaymentStatus::Captured, at: now, late }),
        Err(error @ PaymentError::Declined) => {
            Err(Problem::new(&PAYMENT_DECLINED, error.to_string()))
        }
        Err(error @ PaymentError::TimedOut) => {
            Err(Problem::new(&PAYMENT_TIMED_OUT, error.to_string()))
        }
    }
}

/// The seats are lost. What is due is on record before anything is done about it; `None` if the
/// record was refused, because another request has confirmed the reservation after all.
async fn refund(
    app: &AppState,
    reservation: &Reservation,
    payment: Payment,
) -> Result<Option<Problem>, Problem> {
    let due = Payment { status: PaymentStatus::RefundDue, ..payment };
    if !app.store.record_payment(reservation, &due).await? {
        return Ok(None);
    }
    let settled = give_back(app, reservation, due).await?;
    let detail = "the seats are no longer yours; the payment goes back";
    Ok(Some(with_refund(&HOLD_EXPIRED, detail, &settled)))
}

/// Refuses, and gives back what this payment may have taken before: the reservation can no longer
/// be confirmed by it, unless it has merely run out, and then nothing was taken. A refund on record
/// that was not done yet is tried again.
async fn turn_away(
    app: &AppState,
    reservation: &Reservation,
    given: Option<String>,
    refusal: ReservationRefusal,
) -> Result<Problem, Problem> {
    let problem = Problem::of(&refusal);
    if let ReservationRefusal::Expired(_) = refusal {
        return Ok(problem);
    }
    if let (ReservationRefusal::Refunded, Some(recorded)) = (&refusal, reservation.payment.clone())
    {
        let settled = give_back(app, reservation, recorded).await?;
        if given.as_ref().is_none_or(|given| *given == settled.id) {
            return Ok(with_refund(problem.kind, &problem.detail, &settled));
        }
    }
    let named = given.is_some();
    let id = given.unwrap_or_else(|| own_payment_id(reservation));
    let (status, at) = (PaymentStatus::RefundDue, app.clock.now());
    let stray = Payment { id, status, at, late: true };
    match app.payments.refund(&stray.id, reservation.total()).await {
        Ok(()) if !named => Ok(problem),
        Ok(()) => {
            let refunded = Payment { status: PaymentStatus::Refunded, ..stray };
            Ok(with_refund(problem.kind, &problem.detail, &refunded))
        }
        Err(error) => {
            tracing::error!(%error, reservation = %reservation.id, "a payment may have to go back");
            Ok(with_refund(problem.kind, &problem.detail, &stray))
        }
    }
}

async fn give_back(
    app: &AppState,
    reservation: &Reservation,
    payment: Payment,
) -> Result<Payment, Problem> {
    if payment.status != PaymentStatus::RefundDue {
        return Ok(payment);
    }
    if let Err(error) = app.payments.refund(&payment.id, reservation.total()).await {
        tracing::warn!(%error, reservation = %reservation.id, "refund is still due");
        return Ok(payment);
    }
    let refunded = Payment { status: PaymentStatus::Refunded, ..payment };
    app.store.record_payment(reservation, &refunded).await?;
    tracing::info!(reservation = %reservation.id, "payment refunded");
    Ok(refunded)
}

fn with_refund(kind: &'static ProblemType, detail: &str, payment: &Payment) -> Problem {
    let refund = serde_json::to_value(PaymentView::from(payment)).unwrap_or_default();
    Problem::new(kind, detail.to_owned()).with("refund", refund)
}
