//! `sessions-api`: what a seller sets up, and what a buyer sees before choosing a seat.
//!
//! One file per resource; [`internal`] is what other services call.

mod events;
mod hall_seats;
mod halls;
mod internal;
mod locations;
mod organizers;
mod price_tiers;
mod responses;
mod seat_map;
mod seat_maps;
mod sessions;

use std::{sync::Arc, time::Duration};

use axum::Router;
use marquee_booking::store::BookingStore;
use marquee_dynamo::client::Table;
use marquee_kernel::time::Clock;
use marquee_lambda::{
    clock::SystemClock,
    config, http,
    identity::Identity,
    route::{Access, Api, Route, route},
};
pub use seat_maps::SeatMaps;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub const API: Api = Api {
    name: "sessions-api",
    routes: ROUTES,
    tags: &[
        ("sessions", "What is on sale, and which seats can be had"),
        ("venues", "What a seller sets up beforehand"),
        ("internal", "Seats for other services"),
    ],
    openapi,
};

/// What API Gateway passes on to it, and who may call there.
const ROUTES: &[Route] = &[
    route("/api/v1/organizers", Access::Organizer).readable(),
    route("/api/v1/organizers/{proxy+}", Access::Organizer).readable(),
    route("/api/v1/locations", Access::Organizer).readable(),
    route("/api/v1/locations/{proxy+}", Access::Organizer).readable(),
    route("/api/v1/halls/{proxy+}", Access::Organizer).readable(),
    route("/api/v1/events", Access::Organizer).readable(),
    route("/api/v1/events/{proxy+}", Access::Organizer).readable(),
    route("/api/v1/sessions", Access::Organizer).readable(),
    route("/api/v1/sessions/{proxy+}", Access::Organizer).readable(),
    route("/api/v1/price-tiers", Access::Organizer).readable(),
    route("/api/v1/price-tiers/{proxy+}", Access::Organizer).readable(),
    route("/api/v1/admin/price-tiers", Access::Organizer),
    route("/api/internal/{proxy+}", Access::Service),
];

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct AppState {
    pub store: BookingStore,
    pub clock: Arc<dyn Clock>,
    /// How long `POST …/seats/reserve` holds seats for another service.
    pub hold_for: Duration,
    pub seat_maps: SeatMaps,
}

impl AppState {
    pub async fn from_env() -> Result<Self, config::ConfigError> {
        let table = config::required("BOOKING_TABLE")?;
        Ok(Self {
            store: BookingStore::new(Table::from_env_for_looking(table).await),
            clock: Arc::new(SystemClock),
            hold_for: config::seconds_or("HOLD_SECONDS", Duration::from_secs(600))?,
            seat_maps: SeatMaps::new(seat_map_max_age_from_env()?),
        })
    }
}

/// `SEAT_MAP_SECONDS`.
pub fn seat_map_max_age_from_env() -> Result<Duration, config::ConfigError> {
    config::seconds_or("SEAT_MAP_SECONDS", Duration::from_secs(1))
}

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(organizers::create, organizers::list))
        .routes(routes!(organizers::get))
        .routes(routes!(locations::create, locations::list))
        .routes(routes!(locations::get))
        .routes(routes!(halls::create, halls::list))
        .routes(routes!(halls::get))
        .routes(routes!(hall_seats::create, hall_seats::list))
        .routes(routes!(hall_seats::get))
        .routes(routes!(events::create, events::list))
        .routes(routes!(events::get))
        .routes(routes!(sessions::create, sessions::list))
        .routes(routes!(sessions::get))
        .routes(routes!(seat_map::seat_map))
        .routes(routes!(seat_map::seats))
        .routes(routes!(price_tiers::create, price_tiers::list))
        .routes(routes!(price_tiers::create_as_admin))
        .routes(routes!(price_tiers::get))
        .routes(routes!(internal::check_availability))
        .routes(routes!(internal::reserve))
        .routes(routes!(internal::release))
        .routes(routes!(internal::confirm))
        .routes(routes!(internal::pricing))
        .routes(routes!(internal::health))
}

pub fn router(app: AppState, identity: Identity) -> Router {
    let (router, _) = routes().split_for_parts();
    http::finish(router.with_state(app), API, identity)
}

/// This API's part of the description at `/openapi.json`.
fn openapi() -> OpenApi {
    routes().split_for_parts().1
}
