//! `POST /api/v1/reservations/{id}/confirm`: pay, and keep the seats for good.
//!
//! The money is taken first, under an identifier that makes taking it twice impossible; then one
//! request pins the seats and confirms. If a seat is lost by then, because the payment came late,
//! the money goes back, and both are recorded: what is due before it is done.

use axum::{Json, extract::State};
use marquee_domain::{
    booking::{
        payment::{Payment, PaymentError, PaymentStatus},
        reservation::{Confirmation, Refusal, Reservation},
    },
    ids::ReservationId,
    time::Timestamp,
};
use marquee_lambda::{
    extract::{Buyer, OptionalPayload, PathId},
    problem::{
        HOLD_EXPIRED, PAYMENT_DECLINED, PAYMENT_TIMED_OUT, Problem, ProblemType, RESERVATION_CLOSED,
    },
};
use marquee_store::booking::confirmations::ConfirmOutcome;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Services,
    reservations::{find, refused},
    views::{PaymentView, ReservationView},
};

const PAYMENT_ID_LEN_MAX: usize = 64;

#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct Confirm {
    /// The payment at the provider. Without one, the provider is asked to take the money now.
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
    State(services): State<Services>,
    PathId(id): PathId<ReservationId>,
    Buyer(user): Buyer,
    OptionalPayload(body): OptionalPayload<Confirm>,
) -> Result<Json<ReservationView>, Problem> {
    let payment_id = checked(body.payment_id.as_deref())?;
    let reservation = find(&services, id, user).await?;
    let now = services.clock.now();
    let late = match reservation.confirmation(payment_id, now) {
        Ok(Confirmation::AlreadyDone) => {
            return Ok(Json(ReservationView::new(&reservation, now)));
        }
        Ok(Confirmation::Proceed { late }) => late,
        Err(Refusal::Refunded) => return Err(refunded_before(&services, &reservation).await?),
        Err(refusal) => return Err(refused(&refusal)),
    };
    let payment = capture(&services, &reservation, payment_id, late, now).await?;
    match services.store.confirm(&reservation, &payment, services.clock.now()).await? {
        ConfirmOutcome::Confirmed(confirmed) => Ok(Json(ReservationView::new(&confirmed, now))),
        ConfirmOutcome::HoldLost => {
            Err(refund(&services, &reservation, payment, &HOLD_EXPIRED).await?)
        }
        ConfirmOutcome::Changed => overtaken(&services, &reservation, payment).await,
    }
}

fn checked(payment_id: Option<&str>) -> Result<Option<&str>, Problem> {
    match payment_id.map(str::trim) {
        Some(id) if id.is_empty() || id.len() > PAYMENT_ID_LEN_MAX => {
            let detail = format!("must have 1 to {PAYMENT_ID_LEN_MAX} characters");
            Err(Problem::invalid_field("payment_id", detail))
        }
        id => Ok(id),
    }
}

async fn capture(
    services: &Services,
    reservation: &Reservation,
    payment_id: Option<&str>,
    late: bool,
    now: Timestamp,
) -> Result<Payment, Problem> {
    // The same for every try, so that a retried request pays once.
    let own = || Uuid::new_v5(&reservation.id.uuid(), b"payment").to_string();
    let id = payment_id.map_or_else(own, str::to_owned);
    match services.payments.capture(&id, reservation.total()).await {
        Ok(()) => Ok(Payment { id, status: PaymentStatus::Captured, at: now, late }),
        Err(error @ PaymentError::Declined) => {
            Err(Problem::new(&PAYMENT_DECLINED, error.to_string()))
        }
        Err(error @ PaymentError::TimedOut) => {
            Err(Problem::new(&PAYMENT_TIMED_OUT, error.to_string()))
        }
    }
}

/// Another request changed the reservation while the money was taken. If it was the same payment
/// confirming, that is the answer; any other money goes back.
async fn overtaken(
    services: &Services,
    reservation: &Reservation,
    payment: Payment,
) -> Result<Json<ReservationView>, Problem> {
    let now = services.clock.now();
    let current = find(services, reservation.id, reservation.user).await?;
    match current.confirmation(Some(&payment.id), now) {
        Ok(Confirmation::AlreadyDone) => Ok(Json(ReservationView::new(&current, now))),
        // The sweeper marked it expired in between: its seats may still be had.
        Ok(Confirmation::Proceed { .. }) => {
            let late = Payment { late: true, ..payment };
            match services.store.confirm(&current, &late, now).await? {
                ConfirmOutcome::Confirmed(done) => Ok(Json(ReservationView::new(&done, now))),
                _ => Err(refund(services, &current, late, &HOLD_EXPIRED).await?),
            }
        }
        Err(_) => Err(refund(services, &current, payment, &RESERVATION_CLOSED).await?),
    }
}

/// Gives the money back. What is due is on record before anything is done about it.
async fn refund(
    services: &Services,
    reservation: &Reservation,
    payment: Payment,
    kind: &'static ProblemType,
) -> Result<Problem, Problem> {
    let due = Payment { status: PaymentStatus::RefundDue, ..payment };
    let recorded = services.store.record_payment(reservation, &due).await?;
    let settled = give_back(services, reservation, due, recorded).await?;
    Ok(with_refund(kind, "the seats are no longer yours; the payment goes back", &settled))
}

/// A refund that was recorded but not answered is tried again.
async fn refunded_before(
    services: &Services,
    reservation: &Reservation,
) -> Result<Problem, Problem> {
    let problem = refused(&Refusal::Refunded);
    let Some(payment) = reservation.payment.clone() else { return Ok(problem) };
    let settled = give_back(services, reservation, payment, true).await?;
    Ok(with_refund(problem.kind, &problem.detail, &settled))
}

async fn give_back(
    services: &Services,
    reservation: &Reservation,
    payment: Payment,
    on_record: bool,
) -> Result<Payment, Problem> {
    if payment.status != PaymentStatus::RefundDue {
        return Ok(payment);
    }
    if let Err(error) = services.payments.refund(&payment.id, reservation.total()).await {
        tracing::warn!(%error, reservation = %reservation.id, "refund is still due");
        return Ok(payment);
    }
    let refunded = Payment { status: PaymentStatus::Refunded, ..payment };
    if on_record {
        services.store.record_payment(reservation, &refunded).await?;
    }
    tracing::info!(reservation = %reservation.id, "payment refunded");
    Ok(refunded)
}

fn with_refund(kind: &'static ProblemType, detail: &str, payment: &Payment) -> Problem {
    let refund = serde_json::to_value(PaymentView::from(payment)).unwrap_or_default();
    Problem::new(kind, detail.to_owned()).with("refund", refund)
}
