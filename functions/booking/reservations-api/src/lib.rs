//! `reservations-api`: hold seats, pay for them, get tickets, get in.
//!
//! | module | what it holds |
//! |---|---|
//! | [`create`] | `POST /api/v1/reservations` |
//! | [`passes`] | the pass of a session's waiting room |
//! | [`confirm`] | paying and confirming: see `marquee_booking::checkout` |
//! | [`reservations`] | reading and cancelling |
//! | [`tickets`] | tickets, their QR codes, check-in |
//! | [`signing`] | the code in the QR, and the key that proves it |

mod confirm;
mod create;
mod passes;
mod qr;
mod reservations;
pub mod signing;
mod tickets;
mod views;

use std::sync::Arc;

use axum::Router;
use marquee_booking::{
    checkout::Checkout,
    store::{BookingStore, holds::HoldPolicy},
};
use marquee_dynamo::client::Table;
use marquee_lambda::{
    Error,
    clock::SystemClock,
    config, http,
    identity::Identity,
    payments::PaymentSettings,
    route::{Access, Api, Route, route},
    secrets,
};
use marquee_passes::PassKey;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::signing::TicketSigner;

pub const API: Api = Api {
    name: "reservations-api",
    routes: ROUTES,
    tags: &[
        ("reservations", "Hold seats, pay, cancel"),
        ("tickets", "Tickets, their QR codes, and the door"),
    ],
    openapi,
};

/// What API Gateway passes on to it, and who may call there.
const ROUTES: &[Route] = &[
    route("/api/v1/reservations", Access::User),
    route("/api/v1/reservations/{proxy+}", Access::User),
    route("/api/v1/tickets/{proxy+}", Access::User),
    route("/api/v1/tickets/{ticket_id}/check-in", Access::Door),
    route("/.well-known/jwks.json", Access::Everybody),
];

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct AppState {
    pub checkout: Checkout,
    pub signer: Arc<TicketSigner>,
    /// Of the waiting rooms.
    pub passes: PassKey,
    pub policy: HoldPolicy,
}

impl AppState {
    pub async fn from_env() -> Result<Self, Error> {
        let table = Table::from_env(config::required("BOOKING_TABLE")?).await;
        Ok(Self {
            checkout: Checkout {
                payments: PaymentSettings::from_env().await?.on(table.clone()),
                store: BookingStore::new(table),
                clock: Arc::new(SystemClock),
            },
            signer: Arc::new(signer_from_env().await?),
            passes: passes_from_env().await?,
            policy: policy_from_env()?,
        })
    }
}

/// The key in `TICKET_SIGNING_KEY`, or the one that follows from the secret
/// `TICKET_SIGNING_SECRET_ARN`.
async fn signer_from_env() -> Result<TicketSigner, Error> {
    if let Some(pem) = config::optional("TICKET_SIGNING_KEY") {
        return Ok(TicketSigner::from_pem(&pem)?);
    }
    let secret = secrets::text(&config::required("TICKET_SIGNING_SECRET_ARN")?).await?;
    Ok(TicketSigner::from_secret(&secret)?)
}

/// The key that is the secret `PASS_SECRET_ARN`.
async fn passes_from_env() -> Result<PassKey, Error> {
    let secret = secrets::text(&config::required("PASS_SECRET_ARN")?).await?;
    Ok(PassKey::from_secret(&secret))
}

/// Of seats on hold.
pub fn policy_from_env() -> Result<HoldPolicy, config::ConfigError> {
    HoldPolicy::read(config::seconds_or, config::number_or)
}

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create::create))
        .routes(routes!(reservations::get, reservations::cancel))
        .routes(routes!(confirm::begin))
        .routes(routes!(confirm::confirm))
        .routes(routes!(tickets::of_user))
        .routes(routes!(tickets::get))
        .routes(routes!(tickets::qr_image))
        .routes(routes!(tickets::check_in))
        .routes(routes!(tickets::public_keys))
}

pub fn router(app: AppState, identity: Identity) -> Router {
    let (router, _) = routes().split_for_parts();
    http::finish(router.with_state(app), API, identity)
}

/// This API's part of the description at `/openapi.json`.
fn openapi() -> OpenApi {
    routes().split_for_parts().1
}
