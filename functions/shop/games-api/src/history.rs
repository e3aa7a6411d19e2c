//! A game's history with its users: who came to have it, and who played.

use axum::{Json, extract::State, http::StatusCode};
use marquee_lambda::{
    extract::{Buyer, Parameters, PathId, PathIds, Payload, parameter},
    identity::Caller,
    json::{DateTime, whole},
    page::{ArrayPage, PageRequest},
    problem::Problem,
};
use marquee_shop::store::entries::HistoryEntry;
use marquee_shop_domain::{
    ids::{EntryId, GameId},
    problems::GAME_NOT_OWNED,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AppState, achievements::OfUser, find};

/// A week without a break.
const MINUTES_MAX: i64 = 7 * 24 * 60;

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Kind {
    /// The user came to have the game.
    Purchased,
    Played,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlayHistoryEntry)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryView {
    id: Uuid,
    game_id: Uuid,
    user_id: Uuid,
    kind: Kind,
    #[schema(value_type = String, format = DateTime)]
    at: DateTime,
    /// How long, if it was played.
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes: Option<u32>,
}

impl From<HistoryEntry> for EntryView {
    fn from(entry: HistoryEntry) -> Self {
        Self {
            id: entry.id.uuid(),
            game_id: entry.game.uuid(),
            user_id: entry.user.uuid(),
            kind: entry.minutes.map_or(Kind::Purchased, |_| Kind::Played),
            at: DateTime(entry.at),
            minutes: entry.minutes,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Play {
    #[schema(example = 42, minimum = 1, maximum = 10_080)]
    #[serde(deserialize_with = "whole")]
    minutes: i64,
}

/// Who came to have a game, and who played: you by time, or everybody in no order if you are staff
#[utoipa::path(
    get, path = "/games/{gameId}/playHistory", tag = "games",
    params(
        ("gameId" = Uuid, Path), ("userId" = Option<Uuid>, Query),
        ("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Vec<EntryView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    caller: Caller,
    PathId(game): PathId<GameId>,
    Parameters(of): Parameters<OfUser>,
    page: PageRequest,
) -> Result<ArrayPage<EntryView>, Problem> {
    let user = caller.whose(parameter("userId", of.user_id.as_deref())?)?;
    let (limit, after) = (page.limit.into(), page.after.as_deref());
    let found = app.store.history(game, user, limit, after).await?;
    let items = found.items.into_iter().map(EntryView::from).collect();
    Ok(page.array(items, found.next.as_deref()))
}

/// Put on record that you have played
#[utoipa::path(
    post, path = "/games/{gameId}/playHistory", tag = "games", request_body = Play,
    params(("X-User-ID" = Uuid, Header), ("gameId" = Uuid, Path)),
    responses(
        (status = 201, body = EntryView),
        (status = 409, description = "you do not have the game"),
    )
)]
pub(crate) async fn play(
    State(app): State<AppState>,
    Buyer(user): Buyer,
    PathId(game): PathId<GameId>,
    Payload { value, .. }: Payload<Play>,
) -> Result<(StatusCode, Json<EntryView>), Problem> {
    let minutes = u32::try_from(value.minutes).ok();
    let minutes = minutes.filter(|_| (1..=MINUTES_MAX).contains(&value.minutes));
    let minutes = minutes
        .ok_or_else(|| Problem::invalid_field("minutes", format!("must be 1 to {MINUTES_MAX}")))?;
    if app.store.purchase(user, game).await?.is_none() {
        find(&app, game).await?;
        let detail = format!("game {game} is not yours");
        return Err(Problem::new(&GAME_NOT_OWNED, detail).with("game_id", game.to_string()));
    }
    let at = app.clock.now();
    loop {
        let id = EntryId::played(game, user, at, Uuid::new_v4().as_bytes()[0]);
        let entry = HistoryEntry { id, game, user, at, minutes: Some(minutes) };
        // Two of one millisecond may have drawn the same.
        if app.store.record_play(&entry).await? {
            return Ok((StatusCode::CREATED, Json(entry.into())));
        }
    }
}

/// One entry of a game's history
#[utoipa::path(
    get, path = "/games/{gameId}/playHistory/{itemId}", tag = "games",
    params(("gameId" = Uuid, Path), ("itemId" = Uuid, Path)),
    responses((status = 200, body = EntryView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    caller: Caller,
    PathIds(game, id): PathIds<GameId, EntryId>,
) -> Result<Json<EntryView>, Problem> {
    let entry = app.store.history_entry(game, id).await?;
    let entry = entry.filter(|entry| caller.whose(Some(entry.user)).is_ok());
    entry
        .map(|found| Json(found.into()))
        .ok_or_else(|| Problem::not_found(&format!("entry of the play history: {id}")))
}
