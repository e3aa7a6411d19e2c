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
use marquee_domain::time::Clock;
use marquee_lambda::{
    http,
    page::{PageRequest, unknown_cursor},
    problem::Problem,
};
use marquee_store::ordering::{OrderingStore, is_place};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What the handlers work with.
#[derive(Clone)]
pub struct Services {
    pub store: OrderingStore,
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").field("store", &self.store).finish_non_exhaustive()
    }
}

fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(place::place))
        .routes(routes!(orders::list))
        .routes(routes!(orders::get))
        .routes(routes!(status::change))
        .routes(routes!(notifications::list))
        .routes(routes!(inventory::list))
        .routes(routes!(inventory::get, inventory::put))
}

pub fn router(services: Services) -> Router {
    let (router, _) = routes().split_for_parts();
    http::finish(router.with_state(services))
}

/// This API's part of the description at `/openapi.json`.
pub fn openapi() -> OpenApi {
    routes().split_for_parts().1
}

/// Where a page of a list by time begins.
fn place_after(page: &PageRequest) -> Result<Option<&str>, Problem> {
    match page.after.as_deref() {
        Some(after) if !is_place(after) => Err(unknown_cursor()),
        after => Ok(after),
    }
}
