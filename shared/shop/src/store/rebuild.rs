//! Counting everything anew, from what is counted.
//!
//! It goes through the whole table, a page at a time, while the shop is open. For each purchase it looks
//! whether the game's history has it; for each game it counts each shard, and sets the counter if
//! nothing has changed there since it began to count; then it refreshes the views.

use std::{collections::BTreeSet, fmt, str::FromStr};

use futures_util::future::try_join_all;
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, key, number},
    table::Change,
};
use marquee_kernel::ids::UserId;
use marquee_shop_domain::ids::{EntryId, GameId, SHARDS};

use super::{
    ShopStore, TRIES_MAX,
    entries::{ACHIEVEMENTS, USERS},
    items, keys,
    purchases::{self, Purchase},
    views,
};

/// Items that one step looks at. Some are games, each of which is counted.
const PAGE_LEN: i32 = 100;
/// As DynamoDB takes in one request.
const COUNT_LEN: i32 = 1_000;

/// What a step has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    pub looked_at: usize,
    /// Where the next step begins; `None` after the last.
    pub next: Option<Place>,
}

/// A place in the table: after which item a step begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    partition: String,
    sort: String,
}

/// Sort keys have no such character.
const SEPARATOR: char = '\n';

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{SEPARATOR}{}", self.partition, self.sort)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (partition, sort) = text.rsplit_once(SEPARATOR).ok_or(())?;
        let place = Self { partition: partition.to_owned(), sort: sort.to_owned() };
        if partition.is_empty() || sort.is_empty() { Err(()) } else { Ok(place) }
    }
}

impl ShopStore {
    /// One step: a page of the table, and all that is made of what is in it.
    pub async fn rebuild(&self, after: Option<&Place>) -> Result<Rebuilt, StoreError> {
        let after = after.map(|Place { partition, sort }| key(partition.clone(), sort.clone()));
        let (found, last) = self.table.scan_page(PAGE_LEN, after).await?;
        let (mut counted, mut games, mut users) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for item in &found {
            let (partition, sort) = (item.text(keys::PARTITION)?, item.text(keys::SORT)?);
            let id = |prefix| keys::id_in(partition, prefix);
            if sort == keys::GAME {
                counted.extend(id("G#").map(GameId::new));
            } else if sort.starts_with(keys::PURCHASE) {
                let purchase = purchases::read(item)?;
                self.complete_history(&purchase).await?;
                users.insert(purchase.user);
            } else if sort == keys::VIEW {
                games.extend(id("V#G#").map(GameId::new));
                users.extend(id("V#U#").map(UserId::new));
            }
        }
        for game in counted {
            try_join_all((0..SHARDS).map(|shard| self.recount(game, shard))).await?;
            games.insert(game);
        }
        for game in games {
            self.refresh_game(game, &(0..SHARDS).collect::<Vec<_>>()).await?;
        }
        for user in users {
            self.refresh_user(user).await?;
        }
        let next = last.map(|last| {
            let text = |name| last.text(name).map(str::to_owned);
            Ok::<_, StoreError>(Place {
                partition: text(keys::PARTITION)?,
                sort: text(keys::SORT)?,
            })
        });
        Ok(Rebuilt { looked_at: found.len(), next: next.transpose()? })
    }

    /// Whoever has a game is in its history.
    async fn complete_history(&self, purchase: &Purchase) -> Result<(), StoreError> {
        let Purchase { user, game, at, .. } = *purchase;
        match self.history_entry(game, EntryId::purchased(game, user)).await? {
            Some(_) => Ok(()),
            None => self.record_user(user, &[game], at).await,
        }
    }

    /// Sets a shard's counter to what there is to count. Whatever changes there changes the counter's
    /// version, too: then it is counted once more.
    async fn recount(&self, game: GameId, shard: u8) -> Result<(), StoreError> {
        for _ in 0..TRIES_MAX {
            let seen = self.table.get(keys::counter(game, shard), true).await?;
            let known = views::read_count(&seen.clone().unwrap_or_default());
            let bought = |item: &Item| {
                let id = item
                    .optional_text(keys::SORT)
                    .and_then(|sort| sort.strip_prefix(keys::HISTORY));
                id.and_then(|id| id.parse().ok()).is_some_and(EntryId::is_purchase)
            };
            let users = self.count(game, shard, keys::HISTORY, bought).await?;
            let achievements = self.count(game, shard, keys::ACHIEVEMENT, |_| true).await?;
            if known.users == users && known.achievements == achievements {
                return Ok(());
            }
            let version = seen.is_some().then(|| number(known.version));
            let change = Change::default()
                .set(USERS, number(users))
                .set(ACHIEVEMENTS, number(achievements))
                .set(items::VERSION, number(known.version + 1))
                .only_if(items::VERSION, version);
            if self.table.update(change.of(keys::counter(game, shard))).await?.is_ok() {
                return Ok(());
            }
        }
        // Whoever changes it that often counts right; the next rebuild looks again.
        Ok(())
    }

    async fn count(
        &self,
        game: GameId,
        shard: u8,
        kind: &str,
        counts: impl Fn(&Item) -> bool,
    ) -> Result<u64, StoreError> {
        let partition = keys::partition_of_shard(game, shard);
        let (mut count, mut after) = (0, None);
        loop {
            let page =
                self.table.query_page_now(&partition, kind, COUNT_LEN, after.as_deref()).await?;
            count += page.0.iter().filter(|item| counts(item)).count() as u64;
            after = page.1;
            if after.is_none() {
                return Ok(count);
            }
        }
    }
}
