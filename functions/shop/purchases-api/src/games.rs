//! The games that a customer has.

use axum::{Json, extract::State};
use marquee_lambda::{
    extract::{PathId, Whose},
    json::Amount,
    page::{ArrayPage, PageRequest},
    problem::Problem,
};
use marquee_shop::store::purchases::Purchase;
use marquee_shop_domain::ids::GameId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AppState, purchases::PurchaseView};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnedGame)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnedGameView {
    id: Uuid,
    title: String,
    /// What it costs now, or cost last.
    #[schema(value_type = f64)]
    base_price: Amount,
}

/// The games that you have, also those that are not sold any more
#[utoipa::path(
    get, path = "/purchase-history/games", tag = "purchases",
    params(
        ("X-User-ID" = Uuid, Header), ("userId" = Option<Uuid>, Query),
        ("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Vec<OwnedGameView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    Whose(user): Whose,
    page: PageRequest,
) -> Result<ArrayPage<OwnedGameView>, Problem> {
    let (limit, after) = (page.limit.into(), page.after.as_deref());
    let found = app.store.purchases(user, limit, after).await?;
    let mut known = app.store.known_games(found.items.iter().map(|found| found.game)).await?;
    let game = |purchase: &Purchase| {
        let game = known.remove(&purchase.game)?.game;
        Some(OwnedGameView {
            id: game.id.uuid(),
            title: game.title.to_string(),
            base_price: Amount(game.base_price.money()),
        })
    };
    let games = found.items.iter().filter_map(game).collect();
    Ok(page.array(games, found.next.as_deref()))
}

/// The purchase of one game that you have
#[utoipa::path(
    get, path = "/purchase-history/games/{gameId}", tag = "purchases",
    params(
        ("X-User-ID" = Uuid, Header), ("gameId" = Uuid, Path), ("userId" = Option<Uuid>, Query),
    ),
    responses((status = 200, body = PurchaseView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    Whose(user): Whose,
    PathId(game): PathId<GameId>,
) -> Result<Json<PurchaseView>, Problem> {
    let purchase = app.store.purchase(user, game).await?;
    let unknown = || Problem::not_found(&format!("game that you have: {game}"));
    purchase.map(|found| Json(found.into())).ok_or_else(unknown)
}
