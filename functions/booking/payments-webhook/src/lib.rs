//! `payments-webhook`: takes the payment provider's notifications.
//!
//! A notification is a hint. It is believed to be the provider's only with a good signature, and
//! even then the provider is asked what became of the payment: notifications come more than once, late
//! and in any order. So a reservation is confirmed whose buyer paid and never came back, and what
//! was paid too late goes back.

use std::sync::Arc;

use axum::{Json, Router, body::Bytes, extract::State, http::HeaderMap};
use marquee_booking::{
    checkout::{Checkout, CheckoutError},
    store::BookingStore,
};
use marquee_booking_domain::{ids::ReservationId, payment::RESERVATION};
use marquee_dynamo::client::Table;
use marquee_lambda::{
    Error,
    clock::SystemClock,
    config, http,
    identity::Identity,
    payments::PaymentSettings,
    problem::{BUSY, MALFORMED_BODY, Problem},
    route::{Access, Api, Route, route},
};
use marquee_payments::{
    settlement::PaymentError,
    stripe::webhook::{self, Secrets},
};
use marquee_payments_domain::problems::WEBHOOK_NOT_GENUINE;
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub const API: Api = Api {
    name: "payments-webhook",
    routes: ROUTES,
    tags: &[("payments", "What the payment provider tells")],
    openapi,
};

/// What API Gateway passes on to it, and who may call there: the signature says who did.
const ROUTES: &[Route] = &[route("/api/v1/payments/webhook", Access::Everybody)];

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct AppState {
    pub checkout: Checkout,
    pub secrets: Arc<Secrets>,
}

impl AppState {
    /// # Errors
    /// If a variable is missing or cannot be read.
    pub async fn from_env() -> Result<Self, Error> {
        let table = Table::from_env(config::required("BOOKING_TABLE")?).await;
        let settings = PaymentSettings::from_env().await?;
        Ok(Self {
            checkout: Checkout {
                payments: settings.on(table.clone()),
                store: BookingStore::new(table),
                clock: Arc::new(SystemClock),
            },
            secrets: settings.webhook_secrets,
        })
    }
}

/// The provider says that something became of a payment
///
/// An event as Stripe sends it, with its signature.
#[utoipa::path(
    post, path = "/api/v1/payments/webhook", tag = "payments", request_body = Value,
    params(("Stripe-Signature" = String, Header)),
    responses(
        (status = 200, description = "taken; it need not be sent again"),
        (status = 400, description = "the signature is missing, old or not right"),
    )
)]
async fn take(
    State(app): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok());
    let genuine =
        app.secrets.verify(signature.unwrap_or_default(), &body, app.checkout.clock.now());
    genuine.map_err(|error| Problem::new(&WEBHOOK_NOT_GENUINE, error.to_string()))?;
    let notice = webhook::read(&body)
        .map_err(|error| Problem::new(&MALFORMED_BODY, format!("not an event: {error}")))?;
    let event = notice.event_type;
    if let Some((kind, id)) = notice.about
        && kind == RESERVATION
    {
        settle(&app, ReservationId::new(id), &event).await?;
    }
    Ok(Json(json!({ "received": true })))
}

/// An error makes the provider send the notification again.
async fn settle(app: &AppState, id: ReservationId, event: &str) -> Result<(), Problem> {
    match app.checkout.settle_all(id).await {
        Ok(()) => {
            tracing::info!(reservation = %id, event, "settled");
            Ok(())
        }
        Err(CheckoutError::Payment(PaymentError::Provider(error))) if !error.is_transient() => {
            tracing::error!(%error, reservation = %id, event, "somebody has to look");
            Ok(())
        }
        Err(CheckoutError::Payment(error)) => Err(error.into()),
        Err(CheckoutError::Conflict) => {
            Err(Problem::new(&BUSY, "other requests are changing the reservation".into()))
        }
        // Of another system that has the same account at the provider.
        Err(error) => {
            tracing::warn!(%error, reservation = %id, event, "not settled");
            Ok(())
        }
    }
}

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(take))
}

pub fn router(app: AppState) -> Router {
    let (router, _) = routes().split_for_parts();
    http::finish(router.with_state(app), API, Identity::Token)
}

/// This API's part of the description at `/openapi.json`.
fn openapi() -> OpenApi {
    routes().split_for_parts().1
}
