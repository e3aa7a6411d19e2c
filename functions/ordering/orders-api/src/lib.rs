//! `orders-api`: place orders, follow them, cancel them; put food in stock.
//!
//! | module | what it holds |
//! |---|---|
//! | [`place`] | `POST /order` |
//! | [`orders`] | reading orders |
//! | [`status`] | `PATCH /orders/{order_id}/status`, cancelling among it |
//! | [`students`] | which student the caller is, and whose orders they may see |
//! | [`notifications`] | what students were told |
//! | [`inventory`] | what can be ordered |

mod inventory;
mod notifications;
mod orders;
mod place;
mod status;
mod students;

use std::{num::NonZeroUsize, sync::Arc};

use axum::Router;
use marquee_kernel::time::Clock;
use marquee_lambda::{
    config::{self, ConfigError},
    http,
    identity::Identity,
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
    route("/inventory", Access::Staff).readable(),
    route("/inventory/{proxy+}", Access::Staff).readable(),
];

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct AppState {
    pub store: OrderingStore,
    pub clock: Arc<dyn Clock>,
    /// Orders that one student may place in a minute.
    pub orders_per_minute_max: usize,
}

/// `ORDERS_PER_MINUTE_MAX`.
///
/// # Errors
/// If it cannot be read.
pub fn orders_per_minute_max_from_env() -> Result<usize, ConfigError> {
    config::number_or("ORDERS_PER_MINUTE_MAX", ORDERS_PER_MINUTE_MAX).map(NonZeroUsize::get)
}

/// More than anybody orders by hand, and enough for who orders for a table.
const ORDERS_PER_MINUTE_MAX: NonZeroUsize = NonZeroUsize::new(120).unwrap();

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

pub fn router(app: AppState, identity: Identity) -> Router {
    let (router, _) = routes().split_for_parts();
    http::finish(router.with_state(app), API, identity)
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
