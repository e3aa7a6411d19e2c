//! Achievements of a game's users.

use axum::{Json, extract::State, http::StatusCode};
use marquee_kernel::ids::UserId;
use marquee_lambda::{
    extract::{Parameters, PathId, PathIds, Payload, field, parameter},
    json::DateTime,
    page::{ArrayPage, PageRequest},
    problem::Problem,
};
use marquee_shop::store::entries::Achievement;
use marquee_shop_domain::ids::{EntryId, GameId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AppState, find};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Achievement)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AchievementView {
    id: Uuid,
    game_id: Uuid,
    user_id: Uuid,
    #[schema(example = "First steps")]
    title: String,
    #[schema(value_type = String, format = DateTime)]
    granted_at: DateTime,
}

impl From<Achievement> for AchievementView {
    fn from(achievement: Achievement) -> Self {
        Self {
            id: achievement.id().uuid(),
            game_id: achievement.game.uuid(),
            user_id: achievement.user.uuid(),
            title: achievement.title.to_string(),
            granted_at: DateTime(achievement.at),
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewAchievement {
    user_id: Uuid,
    /// 1 to 100 characters.
    #[schema(example = "First steps")]
    title: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfUser {
    pub(crate) user_id: Option<String>,
}

/// A game's achievements: one user's, or everybody's in no order
#[utoipa::path(
    get, path = "/games/{gameId}/achievements", tag = "games",
    params(
        ("gameId" = Uuid, Path), ("userId" = Option<Uuid>, Query),
        ("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Vec<AchievementView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    PathId(game): PathId<GameId>,
    Parameters(of): Parameters<OfUser>,
    page: PageRequest,
) -> Result<ArrayPage<AchievementView>, Problem> {
    let user = parameter::<UserId>("userId", of.user_id.as_deref())?;
    find(&app, game).await?;
    let (limit, after) = (page.limit.into(), page.after.as_deref());
    let found = app.store.achievements(game, user, limit, after).await?;
    let items = found.items.into_iter().map(AchievementView::from).collect();
    Ok(page.array(items, found.next.as_deref()))
}

/// Grant an achievement to a user
///
/// It can be sent any number of times: a user has an achievement of one title once.
#[utoipa::path(
    post, path = "/games/{gameId}/achievements", tag = "games", request_body = NewAchievement,
    params(("gameId" = Uuid, Path)), responses((status = 201, body = AchievementView))
)]
pub(crate) async fn grant(
    State(app): State<AppState>,
    PathId(game): PathId<GameId>,
    Payload { value, .. }: Payload<NewAchievement>,
) -> Result<(StatusCode, Json<AchievementView>), Problem> {
    let title = field("title", &value.title)?;
    find(&app, game).await?;
    let (user, at) = (UserId::new(value.user_id), app.clock.now());
    let achievement = Achievement { game, user, title, at };
    let earlier = app.store.grant(&achievement).await?;
    Ok((StatusCode::CREATED, Json(earlier.unwrap_or(achievement).into())))
}

/// One achievement of a user
#[utoipa::path(
    get, path = "/games/{gameId}/achievements/{itemId}", tag = "games",
    params(("gameId" = Uuid, Path), ("itemId" = Uuid, Path)),
    responses((status = 200, body = AchievementView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    PathIds(game, id): PathIds<GameId, EntryId>,
) -> Result<Json<AchievementView>, Problem> {
    let achievement = app.store.achievement(game, id).await?;
    achievement.map(|found| Json(found.into())).ok_or_else(|| unknown(id))
}

/// Take an achievement away
#[utoipa::path(
    delete, path = "/games/{gameId}/achievements/{itemId}", tag = "games",
    params(("gameId" = Uuid, Path), ("itemId" = Uuid, Path)), responses((status = 204))
)]
pub(crate) async fn take_away(
    State(app): State<AppState>,
    PathIds(game, id): PathIds<GameId, EntryId>,
) -> Result<StatusCode, Problem> {
    match app.store.take_away(game, id, app.clock.now()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(id)),
    }
}

fn unknown(id: EntryId) -> Problem {
    Problem::not_found(&format!("achievement: {id}"))
}
