//! What is in a cart.

use axum::{Json, extract::State, http::StatusCode};
use marquee_kernel::ids::UserId;
use marquee_lambda::{
    extract::{Buyer, Parameters, PathId, Payload, parameter},
    json::Amount,
    problem::Problem,
};
use marquee_shop_domain::{
    cart::CartItem,
    ids::{GameId, cart_item_id},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::AppState;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShoppingCartItem)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ItemView {
    id: Uuid,
    game_id: Uuid,
    /// The catalogue's when it was put in; from paying on, what is charged.
    #[schema(value_type = f64)]
    price: Amount,
}

impl ItemView {
    pub(crate) fn new(user: UserId, item: &CartItem) -> Self {
        Self {
            id: cart_item_id(user, item.game),
            game_id: item.game.uuid(),
            price: Amount(item.price.money()),
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewItem {
    game_id: Uuid,
    /// What you were shown. What you pay is the catalogue's price when you do.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000_000, multiple_of = 0.01)]
    #[expect(dead_code, reason = "it has to be an amount, and counts for nothing")]
    price: Option<Amount>,
}

/// What is in your cart
#[utoipa::path(
    get, path = "/shoppingCartItems", tag = "carts", params(("X-User-ID" = Uuid, Header)),
    responses((status = 200, body = Vec<ItemView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    Buyer(user): Buyer,
) -> Result<Json<Vec<ItemView>>, Problem> {
    let cart = app.store.cart(user).await?;
    Ok(Json(cart.items.iter().map(|item| ItemView::new(user, item)).collect()))
}

/// Put a game into your cart
///
/// It can be sent any number of times: a game is in a cart once. The same at `/shoppingCart/items`.
#[utoipa::path(
    post, path = "/shoppingCartItems", tag = "carts", request_body = NewItem,
    params(("X-User-ID" = Uuid, Header)),
    responses(
        (status = 201, body = ItemView),
        (status = 404, description = "there is no such game"),
        (status = 409, description = "the cart is locked or full"),
    )
)]
pub(crate) async fn add(
    State(app): State<AppState>,
    Buyer(user): Buyer,
    Payload { value, .. }: Payload<NewItem>,
) -> Result<(StatusCode, Json<ItemView>), Problem> {
    let id = GameId::new(value.game_id);
    let game = app.store.game(id).await?;
    let game = game.ok_or_else(|| Problem::not_found(&format!("game: {id}")))?;
    let item = CartItem { game: id, price: game.base_price };
    let cart = app.store.put_in_cart(user, item, app.clock.now()).await?;
    let cart = cart.map_err(|refusal| Problem::of(&refusal))?;
    let item = cart.find(id).copied().unwrap_or(item);
    Ok((StatusCode::CREATED, Json(ItemView::new(user, &item))))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfGame {
    game_id: Option<String>,
}

/// Take a game out of your cart
#[utoipa::path(
    delete, path = "/shoppingCartItems", tag = "carts",
    params(("X-User-ID" = Uuid, Header), ("gameId" = Uuid, Query)), responses((status = 204))
)]
pub(crate) async fn remove_game(
    State(app): State<AppState>,
    Buyer(user): Buyer,
    Parameters(of): Parameters<OfGame>,
) -> Result<StatusCode, Problem> {
    let game = parameter("gameId", of.game_id.as_deref())?;
    let game = game.ok_or_else(|| Problem::invalid_parameter("gameId", "is missing"))?;
    take_out(&app, user, game).await
}

/// One game in your cart
#[utoipa::path(
    get, path = "/shoppingCartItems/{itemId}", tag = "carts",
    params(("X-User-ID" = Uuid, Header), ("itemId" = Uuid, Path)),
    responses((status = 200, body = ItemView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    Buyer(user): Buyer,
    PathId(id): PathId<Uuid>,
) -> Result<Json<ItemView>, Problem> {
    Ok(Json(ItemView::new(user, &find(&app, user, id).await?)))
}

/// Take one game out of your cart
#[utoipa::path(
    delete, path = "/shoppingCartItems/{itemId}", tag = "carts",
    params(("X-User-ID" = Uuid, Header), ("itemId" = Uuid, Path)), responses((status = 204))
)]
pub(crate) async fn remove(
    State(app): State<AppState>,
    Buyer(user): Buyer,
    PathId(id): PathId<Uuid>,
) -> Result<StatusCode, Problem> {
    let game = find(&app, user, id).await?.game;
    take_out(&app, user, game).await
}

async fn find(app: &AppState, user: UserId, id: Uuid) -> Result<CartItem, Problem> {
    let cart = app.store.cart(user).await?;
    let item = cart.items.into_iter().find(|item| cart_item_id(user, item.game) == id);
    item.ok_or_else(|| Problem::not_found(&format!("item in your cart: {id}")))
}

async fn take_out(app: &AppState, user: UserId, game: GameId) -> Result<StatusCode, Problem> {
    let taken = app.store.take_from_cart(user, game, app.clock.now()).await?;
    match taken.map_err(|refusal| Problem::of(&refusal))? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found(&format!("game in your cart: {game}"))),
    }
}
