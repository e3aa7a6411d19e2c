//! What a game has of its users: its history with each, and their achievements.
//!
//! Both lie in the shard of the user, beside the counter of the shard. Whatever is counted is written
//! in the same transaction as the counter, so that it is counted once and neither is there without the
//! other.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use futures_util::future::try_join_all;
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, instant, item, number, text, uuid},
    table::{Change, Page, condition_failed, delete_existing, put_new},
};
use marquee_kernel::{ids::UserId, time::Timestamp};
use marquee_messaging::outbox::ATTRIBUTE;
use marquee_shop_domain::{
    game::Title,
    ids::{EntryId, GameId, SHARDS, entries_of, shard_of},
};
use uuid::Uuid;

use super::{ShopStore, TRIES_MAX, conflict, items, keys};
use crate::events::{EventType, GamesEvent};

pub(super) const USERS: &str = "users";
pub(super) const ACHIEVEMENTS: &str = "achievements";
const USER: &str = "user";
const SINCE: &str = "since";
const MINUTES: &str = "minutes";

/// That a user came to have a game, or played it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    pub id: EntryId,
    pub game: GameId,
    pub user: UserId,
    pub at: Timestamp,
    /// How long they played; `None` says that they came to have the game.
    pub minutes: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Achievement {
    pub game: GameId,
    pub user: UserId,
    pub title: Title,
    pub at: Timestamp,
}

impl Achievement {
    pub fn id(&self) -> EntryId {
        EntryId::achieved(self.game, self.user, self.title.as_str())
    }
}

impl ShopStore {
    /// Writes into the games' histories that the user has them, and counts them: one transaction, four
    /// write units for each game. What is in there is left alone.
    pub async fn record_user(
        &self,
        user: UserId,
        games: &[GameId],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut left = games.to_vec();
        for _ in 0..TRIES_MAX {
            if left.is_empty() {
                return Ok(());
            }
            let mut writes = Vec::with_capacity(2 * left.len());
            for game in &left {
                let id = EntryId::purchased(*game, user);
                let entry = HistoryEntry { id, game: *game, user, at: now, minutes: None };
                let mut entry = write_history(&entry);
                if *game == left[0] {
                    let kind = EventType::GameUsersChanged;
                    let body = GamesEvent::new(kind, left.iter().copied(), Some(user), now);
                    entry.insert(ATTRIBUTE.to_owned(), items::event(id.uuid(), kind, &body));
                }
                writes.push(put_new(entry)?);
                writes.push(count(*game, user, USERS, 1, None)?);
            }
            let Err(reasons) = self.table.transact(writes).await? else { return Ok(()) };
            let known = |n: usize| condition_failed(reasons.get(2 * n));
            let unknown = left.iter().enumerate().filter(|(n, _)| !known(*n));
            left = unknown.map(|(_, game)| *game).collect();
        }
        Err(conflict("a game's history"))
    }

    /// Writes that a user has played; `false` if there is another entry of that id. One write unit.
    pub async fn record_play(&self, entry: &HistoryEntry) -> Result<bool, StoreError> {
        let written = write_history(entry);
        let earlier = self.table.put_new(written.clone()).await?;
        // The same: the answer of the write itself was lost.
        Ok(earlier.is_none_or(|earlier| earlier == written))
    }

    /// Grants an achievement, once: four write units. The one that the user has, if they have it.
    pub async fn grant(
        &self,
        achievement: &Achievement,
    ) -> Result<Option<Achievement>, StoreError> {
        let Achievement { game, user, .. } = *achievement;
        let key = keys::entry(game, keys::ACHIEVEMENT, achievement.id());
        let event = achievements_changed(game, user, achievement.at);
        for attempt in 0..TRIES_MAX {
            let mut written = key.clone();
            written.extend(item([
                (USER, Some(uuid(user.uuid()))),
                (items::TITLE, Some(text(achievement.title.as_str()))),
                (SINCE, Some(instant(achievement.at))),
            ]));
            let count = count(game, user, ACHIEVEMENTS, 1, Some(event.clone()))?;
            if self.table.transact(vec![put_new(written)?, count]).await?.is_ok() {
                return Ok(None);
            }
            let earlier = self.table.get(key.clone(), true).await?;
            let earlier = earlier.map(|item| read_achievement(game, &item)).transpose()?;
            if let Some(earlier) = earlier {
                return Ok((attempt == 0 || earlier != *achievement).then_some(earlier));
            }
        }
        Err(conflict("the achievement"))
    }

    /// Takes an achievement away; `false` if there is none of that id. Four write units.
    pub async fn take_away(
        &self,
        game: GameId,
        id: EntryId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(achievement) = self.achievement(game, id).await? else { return Ok(false) };
        let user = achievement.user;
        let event = achievements_changed(game, user, now);
        let delete = delete_existing(keys::entry(game, keys::ACHIEVEMENT, id))?;
        let count = count(game, user, ACHIEVEMENTS, -1, Some(event))?;
        Ok(self.table.transact(vec![delete, count]).await?.is_ok())
    }

    pub async fn achievement(
        &self,
        game: GameId,
        id: EntryId,
    ) -> Result<Option<Achievement>, StoreError> {
        let found = self.table.get(keys::entry(game, keys::ACHIEVEMENT, id), true).await?;
        found.map(|item| read_achievement(game, &item)).transpose()
    }

    pub async fn history_entry(
        &self,
        game: GameId,
        id: EntryId,
    ) -> Result<Option<HistoryEntry>, StoreError> {
        let found = self.table.get(keys::entry(game, keys::HISTORY, id), true).await?;
        found.map(|item| read_history(game, &item)).transpose()
    }

    /// A page of a game's achievements: of one user, or all in no order.
    pub async fn achievements(
        &self,
        game: GameId,
        user: Option<UserId>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<Achievement>, StoreError> {
        let (found, next) = self.entries(game, keys::ACHIEVEMENT, user, limit, after).await?;
        let items = found.iter().map(|item| read_achievement(game, item));
        Ok(Page { items: items.collect::<Result<_, _>>()?, next })
    }

    /// A page of a game's history: of one user by time, or of all.
    pub async fn history(
        &self,
        game: GameId,
        user: Option<UserId>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<HistoryEntry>, StoreError> {
        let (found, next) = self.entries(game, keys::HISTORY, user, limit, after).await?;
        let items = found.iter().map(|item| read_history(game, item));
        Ok(Page { items: items.collect::<Result<_, _>>()?, next })
    }

    /// Half a read unit for each shard that is looked at, or more if it has much.
    async fn entries(
        &self,
        game: GameId,
        kind: &str,
        user: Option<UserId>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<(Vec<Item>, Option<String>), StoreError> {
        let count = i32::try_from(limit).unwrap_or(i32::MAX);
        if let Some(user) = user {
            let partition = keys::partition_of_shard(game, shard_of(game, user));
            let prefix = format!("{kind}{}", entries_of(game, user));
            return self.table.query_page(&partition, &prefix, count, after).await;
        }
        let pages = (0..SHARDS).map(async |shard| {
            let partition = keys::partition_of_shard(game, shard);
            self.table.query_page(&partition, kind, count, after).await
        });
        let (found, more): (Vec<_>, Vec<_>) = try_join_all(pages).await?.into_iter().unzip();
        let mut found = found.concat();
        found.sort_by_cached_key(|item| item.optional_text(keys::SORT).map(str::to_owned));
        let more = more.iter().any(Option::is_some) || found.len() > limit;
        found.truncate(limit);
        let last = found.last().and_then(|item| item.optional_text(keys::SORT));
        Ok((found.clone(), last.filter(|_| more).map(str::to_owned)))
    }
}

/// Counts one more, or one less, in the user's shard.
fn count(
    game: GameId,
    user: UserId,
    what: &str,
    by: i64,
    event: Option<AttributeValue>,
) -> Result<TransactWriteItem, StoreError> {
    let mut change = Change::default().add(what, by).add(items::VERSION, 1);
    if let Some(event) = event {
        change = change.set(ATTRIBUTE, event);
    }
    change.of(keys::counter(game, shard_of(game, user))).into_transact_item()
}

fn achievements_changed(game: GameId, user: UserId, now: Timestamp) -> AttributeValue {
    let kind = EventType::GameAchievementsChanged;
    items::event(Uuid::new_v4(), kind, &GamesEvent::new(kind, [game], Some(user), now))
}

fn write_history(entry: &HistoryEntry) -> Item {
    let mut written = keys::entry(entry.game, keys::HISTORY, entry.id);
    written.extend(item([
        (USER, Some(uuid(entry.user.uuid()))),
        (SINCE, Some(instant(entry.at))),
        (MINUTES, entry.minutes.map(number)),
    ]));
    written
}

fn id_of(item: &Item, kind: &str) -> Result<EntryId, StoreError> {
    let id = item.text(keys::SORT)?.strip_prefix(kind).and_then(|id| id.parse().ok());
    id.ok_or_else(|| StoreError::unreadable("an entry's id"))
}

fn read_history(game: GameId, item: &Item) -> Result<HistoryEntry, StoreError> {
    Ok(HistoryEntry {
        id: id_of(item, keys::HISTORY)?,
        game,
        user: UserId::new(item.uuid(USER)?),
        at: item.instant(SINCE)?,
        minutes: item.optional_number(MINUTES),
    })
}

fn read_achievement(game: GameId, item: &Item) -> Result<Achievement, StoreError> {
    Ok(Achievement {
        game,
        user: UserId::new(item.uuid(USER)?),
        title: item.parsed(items::TITLE)?,
        at: item.instant(SINCE)?,
    })
}
