//! `aggregator-api`: games and users by numbers.
//!
//! | module | what it holds |
//! |---|---|
//! | [`rankings`] | `/aggregator/games`, `/aggregator/users` |
//! | [`rebuild`] | `/aggregator/rebuild` |

mod rankings;
mod rebuild;

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
    name: "aggregator-api",
    routes: ROUTES,
    tags: &[("aggregator", "Games and users by numbers")],
    openapi,
};

/// What API Gateway passes on to it, and who may call there.
const ROUTES: &[Route] = &[
    route("/aggregator/games", Access::Everybody),
    route("/aggregator/users", Access::Staff),
    route("/aggregator/rebuild", Access::Staff),
];

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct AppState {
    pub store: ShopStore,
}

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(rankings::games))
        .routes(routes!(rankings::users))
        .routes(routes!(rebuild::step))
}

pub fn router(app: AppState, identity: Identity) -> Router {
    let (router, _) = routes().split_for_parts();
    http::finish(router.with_state(app), API, identity)
}

/// This API's part of the description at `/openapi.json`.
fn openapi() -> OpenApi {
    routes().split_for_parts().1
}
