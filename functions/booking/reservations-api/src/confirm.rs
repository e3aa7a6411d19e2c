//! Paying for a reservation, and confirming it.

use axum::{Json, extract::State, http::StatusCode};
use marquee_booking::checkout::{CheckoutError, confirm::Means};
use marquee_booking_domain::{
    ids::ReservationId, problems::HOLD_EXPIRED, reservation::ReservationStatus,
};
use marquee_lambda::{
    extract::{Buyer, OptionalPayload, PathId},
    json::Amount,
    problem::Problem,
};
use marquee_payments::Record;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AppState,
    reservations::{conflict, find, view},
    views::{PaymentView, ReservationView},
};

const METHOD_LEN_MAX: usize = 200;

#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct Confirm {
    /// The payment. Without one, it is the reservation's own.
    #[schema(min_length = 1, max_length = 64, pattern = r"\S")]
    payment_id: Option<String>,
    /// What the provider is to charge, as the provider's own library in the browser names it. Without
    /// one, the buyer has paid there already. The stand-in needs none.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    payment_method: Option<String>,
}

impl Confirm {
    fn means(self) -> Result<Means, Problem> {
        let payment = self.payment_id.map(|id| id.parse()).transpose();
        let payment = payment.map_err(|error| Problem::invalid_field("payment_id", error))?;
        let method = self.payment_method.map(|method| method.trim().to_owned());
        if method.as_ref().is_some_and(|m| m.is_empty() || m.len() > METHOD_LEN_MAX) {
            let detail = format!("must have 1 to {METHOD_LEN_MAX} characters");
            return Err(Problem::invalid_field("payment_method", detail));
        }
        Ok(Means { payment, method })
    }
}

/// A payment that the buyer can make at the provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentIntent {
    payment_id: String,
    /// With which the provider's library in the browser completes the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// What the provider calls the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[schema(value_type = f64)]
    amount: Amount,
    #[schema(example = "eur")]
    currency: String,
}

/// Begin a payment, to be made at the provider
///
/// Any number of times: it is the same payment. Once it is made, the reservation is confirmed, whether
/// or not the buyer asks for that.
#[utoipa::path(
    post, path = "/api/v1/reservations/{reservation_id}/payment", tag = "reservations",
    params(("reservation_id" = Uuid, Path), ("X-User-ID" = Uuid, Header)),
    responses(
        (status = 201, body = PaymentIntent),
        (status = 410, description = "the hold ran out"),
    )
)]
pub(crate) async fn begin(
    State(app): State<AppState>,
    PathId(id): PathId<ReservationId>,
    Buyer(user): Buyer,
) -> Result<(StatusCode, Json<PaymentIntent>), Problem> {
    let reservation = find(&app, id, user).await?;
    let (charge, begun) = app.checkout.begin(&reservation).await.map_err(problem)?;
    let intent = PaymentIntent {
        payment_id: charge.payment.to_string(),
        client_secret: begun.client_secret,
        reference: begun.reference,
        amount: Amount(charge.amount),
        currency: charge.currency.as_str().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(intent)))
}

/// Pay and confirm
#[utoipa::path(
    post, path = "/api/v1/reservations/{reservation_id}/confirm", tag = "reservations",
    request_body = Option<Confirm>,
    params(("reservation_id" = Uuid, Path), ("X-User-ID" = Uuid, Header)),
    responses(
        (status = 200, body = ReservationView),
        (status = 402, description = "payment declined, or not complete"),
        (status = 409, description = "the payment pays for something else"),
        (status = 410, description = "the hold ran out; `payment` says what became of a payment"),
    )
)]
pub(crate) async fn confirm(
    State(app): State<AppState>,
    PathId(id): PathId<ReservationId>,
    Buyer(user): Buyer,
    OptionalPayload(body): OptionalPayload<Confirm>,
) -> Result<Json<ReservationView>, Problem> {
    let means = body.means()?;
    let reservation = find(&app, id, user).await?;
    let before = reservation.status;
    let confirmed = app.checkout.confirm(reservation, &means).await.map_err(problem)?;
    if before == ReservationStatus::Confirmed {
        return view(&app, &confirmed).await;
    }
    // The money is reserved, and nothing more yet.
    Ok(Json(ReservationView::new(&confirmed, None, app.checkout.clock.now())))
}

fn problem(error: CheckoutError) -> Problem {
    let with = |problem: Problem, payment: Option<Record>| match payment {
        None => problem,
        Some(record) => {
            let payment = serde_json::to_value(PaymentView::of_record(&record)).unwrap_or_default();
            problem.with("payment", payment)
        }
    };
    let detail = error.to_string();
    match error {
        CheckoutError::Unknown => Problem::not_found("reservation of yours"),
        CheckoutError::Refused { refusal, payment } => with(Problem::of(&refusal), payment),
        CheckoutError::SeatsLost { payment } | CheckoutError::SalesClosed { payment } => {
            with(Problem::new(&HOLD_EXPIRED, detail), payment)
        }
        CheckoutError::Payment(error) => error.into(),
        CheckoutError::Conflict => conflict(),
    }
}
