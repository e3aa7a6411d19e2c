//! The catalogue.

use axum::{Json, extract::State, http::StatusCode};
use marquee_kernel::money::Money;
use marquee_lambda::{
    extract::{IdempotencyKey, Parameters, PathId, Payload, field, parameter},
    json::Amount,
    page::{ArrayPage, PageRequest},
    problem::{IDEMPOTENCY_KEY_REUSED, Problem},
};
use marquee_shop_domain::{
    game::{Game, GameFilter, Price},
    ids::GameId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AppState, find};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Game)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GameView {
    id: Uuid,
    #[schema(example = "Zork")]
    title: String,
    #[schema(value_type = f64, example = 19.99)]
    base_price: Amount,
}

impl From<Game> for GameView {
    fn from(game: Game) -> Self {
        Self {
            id: game.id.uuid(),
            title: game.title.to_string(),
            base_price: Amount(game.base_price.money()),
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewGame {
    /// 1 to 100 characters.
    #[schema(example = "Zork")]
    title: String,
    #[schema(value_type = f64, example = 20, minimum = 0, maximum = 1_000_000, multiple_of = 0.01)]
    base_price: Amount,
}

impl NewGame {
    fn at(self, id: GameId) -> Result<Game, Problem> {
        let price = Price::new(self.base_price.0);
        Ok(Game {
            id,
            title: field("title", &self.title)?,
            base_price: price.map_err(|error| Problem::invalid_field("basePrice", error))?,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Filter {
    title: Option<String>,
    min_price: Option<String>,
    max_price: Option<String>,
}

impl Filter {
    fn parse(self) -> Result<GameFilter, Problem> {
        let price = |name, text: Option<String>| parameter::<Money>(name, text.as_deref());
        let title = self.title.map(|title| title.trim().to_lowercase());
        Ok(GameFilter {
            title: title.filter(|title| !title.is_empty()),
            price_min: price("minPrice", self.min_price)?,
            price_max: price("maxPrice", self.max_price)?,
        })
    }
}

/// Games by title: all of them, or those with a part of a title, in any case, and a price
///
/// A page may be short, or even empty, though there is a next one: follow the `Link` to the next until
/// there is none.
#[utoipa::path(
    get, path = "/games", tag = "games",
    params(
        ("title" = Option<String>, Query), ("minPrice" = Option<f64>, Query),
        ("maxPrice" = Option<f64>, Query),
        ("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Vec<GameView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    Parameters(filter): Parameters<Filter>,
    page: PageRequest,
) -> Result<ArrayPage<GameView>, Problem> {
    let (filter, after) = (filter.parse()?, page.after.as_deref());
    let found = app.store.catalogue(&filter, page.limit.into(), after).await?;
    let games = found.items.into_iter().map(GameView::from).collect();
    Ok(page.array(games, found.next.as_deref()))
}

/// Put a new game into the catalogue
///
/// With an `Idempotency-Key` it can be sent any number of times.
#[utoipa::path(
    post, path = "/games", tag = "games", request_body = NewGame,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = GameView))
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    key: IdempotencyKey,
    Payload { value, canonical }: Payload<NewGame>,
) -> Result<(StatusCode, Json<GameView>), Problem> {
    let hash = key.hash("games", &canonical);
    let id = hash.map_or_else(Uuid::new_v4, |hash| hash.key);
    let request = hash.map_or_else(Uuid::new_v4, |hash| hash.request);
    let game = value.at(GameId::new(id))?;
    match app.store.create_game(&game, request, app.clock.now()).await? {
        true => Ok((StatusCode::CREATED, Json(game.into()))),
        false => Err(Problem::new(
            &IDEMPOTENCY_KEY_REUSED,
            "this Idempotency-Key came before with another game".into(),
        )),
    }
}

/// One game
#[utoipa::path(
    get, path = "/games/{gameId}", tag = "games",
    params(("gameId" = Uuid, Path)), responses((status = 200, body = GameView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    PathId(id): PathId<GameId>,
) -> Result<Json<GameView>, Problem> {
    Ok(Json(find(&app, id).await?.into()))
}

/// Put a game into the catalogue under an identifier of your own, or change it
///
/// Carts are charged the price of the moment at which they are paid for.
#[utoipa::path(
    put, path = "/games/{gameId}", tag = "games", request_body = NewGame,
    params(("gameId" = Uuid, Path)), responses((status = 200, body = GameView))
)]
pub(crate) async fn put(
    State(app): State<AppState>,
    PathId(id): PathId<GameId>,
    Payload { value, .. }: Payload<NewGame>,
) -> Result<Json<GameView>, Problem> {
    let game = value.at(id)?;
    app.store.put_game(&game, app.clock.now()).await?;
    Ok(Json(game.into()))
}

/// Take a game out of the shop
///
/// Who has it keeps it. A cart that is being paid for gets stuck; put the game back, and it can be
/// resumed.
#[utoipa::path(
    delete, path = "/games/{gameId}", tag = "games",
    params(("gameId" = Uuid, Path)), responses((status = 204))
)]
pub(crate) async fn delete(
    State(app): State<AppState>,
    PathId(id): PathId<GameId>,
) -> Result<StatusCode, Problem> {
    match app.store.withdraw_game(id, app.clock.now()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found(&format!("game: {id}"))),
    }
}
