//! `invoices-api`: what became of payments.

mod invoices;

use axum::Router;
use marquee_lambda::{
    http,
    identity::Identity,
    route::{Access, Api, Route, route},
};
use marquee_shop::store::ShopStore;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub const API: Api = Api {
    name: "invoices-api",
    routes: ROUTES,
    tags: &[("invoices", "What carts are charged")],
    openapi,
};

/// What API Gateway passes on to it, and who may call there.
const ROUTES: &[Route] = &[route("/invoices", Access::User), route("/invoices/{id}", Access::User)];

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct AppState {
    pub store: ShopStore,
}

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(invoices::list)).routes(routes!(invoices::get))
}

pub fn router(app: AppState, identity: Identity) -> Router {
    let (router, _) = routes().split_for_parts();
    http::finish(router.with_state(app), API, identity)
}

/// This API's part of the description at `/openapi.json`.
fn openapi() -> OpenApi {
    routes().split_for_parts().1
}
