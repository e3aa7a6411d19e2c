//! `orders-api`: place orders, follow them, cancel them; put food in stock.
//!
//! | module | what it holds |
//! |---|---|
//! | [`place`] | `POST /order` |
//! | [`orders`] | reading orders |
//! | [`status`] | `PATCH /orders/{order_id}/status`, cancelling among it |
//! | [`notifications`] | what students were told |
//! | [`inventory`] | what can be ordered |

mod inventory;
mod notifications;
mod orders;
mod place;
mod status;

use std::sync::Arc;

use axum::Router;
use marquee_kernel::time::Clock;
use marquee_lambda::{
    http,
    page::{PageRequest, unknown_cursor},
    problem::Problem,
    route::{Access, Api, Route, route},
};
use marquee_ordering::store::{OrderingStore, listing::is_position};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub const API: Api = Api {
    name: "orders-api",
    routes: ROUTES,
    tags: &[
        ("orders", "Orders, and what students are told of them"),
        ("inventory", "What can be ordered"),
    ],
    openapi,
};

/// What API Gateway passes on to it, and who may call there.
const ROUTES: &[Route] = &[
    route("/order", Access::User),
    route("/orders", Access::User),
    route("/orders/{proxy+}", Access::User).but(&[("PATCH", Access::Staff)]),
    route("/notifications", Access::User),
    route("/inventory", Access::User).readable(),
    route("/inventory/{proxy+}", Access::User)
        .but(&[("GET", Access::Everybody), ("PUT", Access::Staff)]),
];

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct AppState {
    pub store: OrderingStore,
    pub clock: Arc<dyn Clock>,
}

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(place::place))
        .routes(routes!(orders::list))
        .routes(routes!(orders::get))
        .routes(routes!(status::change))
        .routes(routes!(notifications::list))
        .routes(routes!(inventory::list))
        .routes(routes!(inventory::get, inventory::put))
}

pub fn router(app: AppState) -> Router {
    let (router, _) = routes().split_for_parts();
    http::finish(router.with_state(app))
}

/// This API's part of the description at `/openapi.json`.
fn openapi() -> OpenApi {
    routes().split_for_parts().1
}

/// Where a page of a list by time begins.
fn position_after(page: &PageRequest) -> Result<Option<&str>, Problem> {
    match page.after.as_deref() {
        Some(after) if !is_position(after) => Err(unknown_cursor()),
        after => Ok(after),
    }
}
