//! `carts-api`: fill a shopping cart, and pay for it.
//!
//! | module | what it holds |
//! |---|---|
//! | [`cart`] | `/shoppingCart`: looking at it, paying, going on with one that is stuck |
//! | [`items`] | `/shoppingCart/items` and `/shoppingCartItems`: the same under two names |

mod cart;
mod items;

use std::sync::Arc;

use axum::{Router, routing::get};
use marquee_kernel::time::Clock;
use marquee_lambda::{
    http,
    identity::Identity,
    route::{Access, Api, Route, route},
};
use marquee_shop::store::ShopStore;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub const API: Api =
    Api { name: "carts-api", routes: ROUTES, tags: &[("carts", "Shopping carts")], openapi };

/// What API Gateway passes on to it, and who may call there.
const ROUTES: &[Route] = &[
    route("/shoppingCart", Access::User),
    route("/shoppingCart/items", Access::User),
    route("/shoppingCart/items/{itemId}", Access::User),
    route("/shoppingCartItems", Access::User),
    route("/shoppingCartItems/{itemId}", Access::User),
];

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct AppState {
    pub store: ShopStore,
    pub clock: Arc<dyn Clock>,
}

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(cart::get, cart::change))
        .routes(routes!(items::list, items::add, items::remove_game))
        .routes(routes!(items::get, items::remove))
}

pub fn router(app: AppState, identity: Identity) -> Router {
    let (router, _) = routes().split_for_parts();
    let router = router
        .route("/shoppingCart/items", get(items::list).post(items::add).delete(items::remove_game))
        .route("/shoppingCart/items/{itemId}", get(items::get).delete(items::remove));
    http::finish(router.with_state(app), API, identity)
}

/// This API's part of the description at `/openapi.json`.
fn openapi() -> OpenApi {
    routes().split_for_parts().1
}
