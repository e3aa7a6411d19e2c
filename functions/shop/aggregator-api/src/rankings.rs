//! Games by how many users and achievements they have, users by how many games they have and what they
//! paid for them: the most first.

use axum::extract::State;
use marquee_lambda::{
    extract::{Parameters, one_of},
    json::Amount,
    page::{ArrayPage, PageRequest},
    problem::Problem,
};
use marquee_shop::store::views::{GameView, GamesBy, UserView, UsersBy};
use serde::{Deserialize, Serialize};
use strum::VariantNames;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::AppState;

#[derive(Clone, Copy, Debug, Default, strum::EnumString, strum::VariantNames, ToSchema)]
#[strum(serialize_all = "camelCase")]
#[schema(rename_all = "camelCase")]
pub(crate) enum SortGamesBy {
    #[default]
    Players,
    Achievements,
}

#[derive(Clone, Copy, Debug, Default, strum::EnumString, strum::VariantNames, ToSchema)]
#[strum(serialize_all = "camelCase")]
#[schema(rename_all = "camelCase")]
pub(crate) enum SortUsersBy {
    #[default]
    Games,
    BillValue,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    sort_by: Option<String>,
}

impl Order {
    fn parse<T: std::str::FromStr + VariantNames + Default>(&self) -> Result<T, Problem> {
        let named = self.sort_by.as_deref().map(|name| one_of("sortBy", name, T::VARIANTS));
        Ok(named.transpose()?.unwrap_or_default())
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GameRanking)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GameRanking {
    game_id: Uuid,
    user_number: u64,
    achievement_number: u64,
}

impl From<GameView> for GameRanking {
    fn from(view: GameView) -> Self {
        Self {
            game_id: view.game.uuid(),
            user_number: view.users,
            achievement_number: view.achievements,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserRanking)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserRanking {
    user_id: Uuid,
    game_value: u64,
    #[schema(value_type = f64)]
    bill_value: Amount,
}

impl From<UserView> for UserRanking {
    fn from(view: UserView) -> Self {
        Self { user_id: view.user.uuid(), game_value: view.games, bill_value: Amount(view.bill) }
    }
}

/// Games by `players` or `achievements`, those with most first
#[utoipa::path(
    get, path = "/aggregator/games", tag = "aggregator",
    params(
        ("sortBy" = Option<SortGamesBy>, Query),
        ("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Vec<GameRanking>))
)]
pub(crate) async fn games(
    State(app): State<AppState>,
    Parameters(order): Parameters<Order>,
    page: PageRequest,
) -> Result<ArrayPage<GameRanking>, Problem> {
    let by = match order.parse()? {
        SortGamesBy::Players => GamesBy::Players,
        SortGamesBy::Achievements => GamesBy::Achievements,
    };
    let found = app.store.games_by(by, page.limit.into(), page.after.as_deref()).await?;
    let games = found.items.into_iter().map(GameRanking::from).collect();
    Ok(page.array(games, found.next.as_deref()))
}

/// Users by `games` or `billValue`, those with most first
#[utoipa::path(
    get, path = "/aggregator/users", tag = "aggregator",
    params(
        ("sortBy" = Option<SortUsersBy>, Query),
        ("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Vec<UserRanking>))
)]
pub(crate) async fn users(
    State(app): State<AppState>,
    Parameters(order): Parameters<Order>,
    page: PageRequest,
) -> Result<ArrayPage<UserRanking>, Problem> {
    let by = match order.parse()? {
        SortUsersBy::Games => UsersBy::Games,
        SortUsersBy::BillValue => UsersBy::Bill,
    };
    let found = app.store.users_by(by, page.limit.into(), page.after.as_deref()).await?;
    let users = found.items.into_iter().map(UserRanking::from).collect();
    Ok(page.array(users, found.next.as_deref()))
}
