//! `games-api`: the catalogue, and what each game has of its users.
//!
//! | module | what it holds |
//! |---|---|
//! | [`games`] | `/games`, `/games/{gameId}` |
//! | [`achievements`] | `/games/{gameId}/achievements` |
//! | [`history`] | `/games/{gameId}/playHistory` |

mod achievements;
mod games;
mod history;

use std::sync::Arc;

use axum::Router;
use marquee_kernel::time::Clock;
use marquee_lambda::{
    http,
    identity::Identity,
    problem::Problem,
    route::{Access, Api, Route, route},
};
use marquee_shop::store::ShopStore;
use marquee_shop_domain::{game::Game, ids::GameId};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub const API: Api = Api {
    name: "games-api",
    routes: ROUTES,
    tags: &[("games", "Games, achievements, and who plays")],
    openapi,
};

/// What API Gateway passes on to it, and who may call there.
const ROUTES: &[Route] = &[
    route("/games", Access::Organizer).readable(),
    route("/games/{gameId}", Access::Organizer).readable(),
    route("/games/{gameId}/achievements", Access::Staff).but(&[("GET", Access::User)]),
    route("/games/{gameId}/achievements/{itemId}", Access::Staff).but(&[("GET", Access::User)]),
    route("/games/{gameId}/playHistory", Access::User),
    route("/games/{gameId}/playHistory/{itemId}", Access::User),
];

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct AppState {
    pub store: ShopStore,
    pub clock: Arc<dyn Clock>,
}

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(games::list, games::create))
        .routes(routes!(games::get, games::put, games::delete))
        .routes(routes!(achievements::list, achievements::grant))
        .routes(routes!(achievements::get, achievements::take_away))
        .routes(routes!(history::list, history::play))
        .routes(routes!(history::get))
}

pub fn router(app: AppState, identity: Identity) -> Router {
    let (router, _) = routes().split_for_parts();
    http::finish(router.with_state(app), API, identity)
}

/// This API's part of the description at `/openapi.json`.
fn openapi() -> OpenApi {
    routes().split_for_parts().1
}

/// A game that is sold.
async fn find(app: &AppState, id: GameId) -> Result<Game, Problem> {
    let game = app.store.game(id).await?;
    game.ok_or_else(|| Problem::not_found(&format!("game: {id}")))
}
