//! `purchases-api`: what customers have.

mod games;
mod purchases;

use std::sync::Arc;

use axum::Router;
use marquee_kernel::time::Clock;
use marquee_lambda::{
    http,
    identity::Identity,
    route::{Access, Api, Route, route},
};
use marquee_shop::store::ShopStore;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub const API: Api = Api {
    name: "purchases-api",
    routes: ROUTES,
    tags: &[("purchases", "What customers have bought")],
    openapi,
};

/// What API Gateway passes on to it, and who may call there.
const ROUTES: &[Route] = &[
    route("/purchase-history", Access::Staff).but(&[("GET", Access::User)]),
    route("/purchase-history/games", Access::User),
    route("/purchase-history/games/{gameId}", Access::User),
];

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct AppState {
    pub store: ShopStore,
    pub clock: Arc<dyn Clock>,
}

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(purchases::list, purchases::record))
        .routes(routes!(games::list))
        .routes(routes!(games::get))
}

pub fn router(app: AppState, identity: Identity) -> Router {
    let (router, _) = routes().split_for_parts();
    http::finish(router.with_state(app), API, identity)
}

/// This API's part of the description at `/openapi.json`.
fn openapi() -> OpenApi {
    routes().split_for_parts().1
}
