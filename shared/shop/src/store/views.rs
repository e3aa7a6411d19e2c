//! What the lists by numbers show: one item for each game and each user, written from what was counted
//! and never added to.
//!
//! A view is read, then what it is made of, and then it is written if nobody has written it since. What
//! it is made of only grows newer: so whoever comes last writes the newest, in whatever order messages
//! come and however often.

use aws_sdk_dynamodb::types::AttributeValue;
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, list, map, number, text},
    table::{
        Change, Page,
        list::{List, Search},
    },
};
use marquee_kernel::{ids::UserId, money::Money};
use marquee_shop_domain::{
    ids::{GameId, SHARDS},
    tally::{Count, Tally},
};
use uuid::Uuid;

use super::{
    ShopStore, TRIES_MAX, conflict,
    entries::{ACHIEVEMENTS, USERS},
    games, items,
    keys::{self, Shards},
    schema::RANKED,
};

const COUNTS: &str = "counts";
const SHARD: &str = "s";
const GONE: &str = "gone";
const GAMES: &str = "games";
const CENTS: &str = "cents";

/// How games are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GamesBy {
    Players,
    Achievements,
}

/// How users are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsersBy {
    Games,
    Bill,
}

/// How many users and achievements a game has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GameView {
    pub game: GameId,
    pub users: u64,
    pub achievements: u64,
}

/// How many games a user has, and what they cost together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView {
    pub user: UserId,
    pub games: u64,
    pub bill: Money,
}

impl ShopStore {
    /// A page of games, those with most first.
    pub async fn games_by(
        &self,
        by: GamesBy,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<GameView>, StoreError> {
        let list = match by {
            GamesBy::Players => keys::BY_PLAYERS.listed(),
            GamesBy::Achievements => List::new(RANKED, keys::BY_ACHIEVEMENTS.all()),
        };
        self.table.search(&list.descending(), &Search::all(read_game_view), limit, after).await
    }

    /// A page of users, those with most first.
    pub async fn users_by(
        &self,
        by: UsersBy,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<UserView>, StoreError> {
        let list = match by {
            UsersBy::Games => keys::BY_GAMES.listed(),
            UsersBy::Bill => List::new(RANKED, keys::BY_BILL.all()),
        };
        self.table.search(&list.descending(), &Search::all(read_user_view), limit, after).await
    }

    /// Brings a game's view up to date with these of its shards, and with whether it is sold: three read
    /// units and one more for each shard beyond the first; and up to five write units, of which four
    /// are the lists'. Nothing is written that says the same.
    pub async fn refresh_game(&self, game: GameId, shards: &[u8]) -> Result<(), StoreError> {
        for _ in 0..TRIES_MAX {
            let seen = self.table.get(keys::game_view(game), true).await?;
            let (known, version, was_gone) = match &seen {
                Some(view) => (
                    read_tally(view)?,
                    Some(view.number::<u64>(items::VERSION)?),
                    view.optional_text(GONE).is_some(),
                ),
                None => (Tally::default(), None, false),
            };
            let keys = shards.iter().map(|shard| keys::counter(game, *shard));
            let keys = keys.chain([keys::game(game)]).collect();
            // All of them replace whatever the view says.
            let all = shards.len() == usize::from(SHARDS);
            let (mut tally, mut sold) = (if all { Tally::default() } else { known.clone() }, None);
            for found in self.table.batch_get(keys, true).await? {
                match found.text(keys::SORT)? {
                    keys::GAME => sold = Some(!games::read(&found)?.gone),
                    _ => tally.learn(read_shard(game, &found)?, read_count(&found)),
                }
            }
            let gone = sold != Some(true);
            // There is no such game, or there is nothing new.
            let unknown = version.is_none() && sold.is_none();
            if unknown || version.is_some() && tally == known && gone == was_gone {
                return Ok(());
            }
            let mut change = Change::default()
                .set(COUNTS, list(tally.shards().map(|(shard, count)| write_count(shard, count))))
                .set(items::VERSION, number(version.unwrap_or_default() + 1))
                .put(GONE, gone.then(|| text("yes")))
                .only_if(items::VERSION, version.map(number));
            let (users, achievements) = (tally.users(), tally.achievements());
            let places = (!gone).then_some((users, achievements));
            for (name, value) in
                places_of(game.uuid(), places, keys::BY_PLAYERS, keys::BY_ACHIEVEMENTS)
            {
                change = change.put(name, value);
            }
            if self.table.update(change.of(keys::game_view(game))).await?.is_ok() {
                return Ok(());
            }
        }
        Err(conflict("a game's view"))
    }

    /// Brings a user's view up to date with what they have: a read unit, and one for some forty games;
    /// and up to five write units, of which four are the lists'.
    pub async fn refresh_user(&self, user: UserId) -> Result<(), StoreError> {
        for _ in 0..TRIES_MAX {
            let seen = self.table.get(keys::user_view(user), true).await?;
            let version =
                seen.as_ref().map(|view| view.number::<u64>(items::VERSION)).transpose()?;
            let (games, cents) = self.bought(user).await?;
            let is =
                |name, is| seen.as_ref().is_some_and(|seen| seen.optional_number(name) == Some(is));
            if is(GAMES, games) && is(CENTS, cents) || seen.is_none() && games == 0 {
                return Ok(());
            }
            let mut change = Change::default()
                .set(GAMES, number(games))
                .set(CENTS, number(cents))
                .set(items::VERSION, number(version.unwrap_or_default() + 1))
                .only_if(items::VERSION, version.map(number));
            let places = (games > 0).then_some((games, cents));
            for (name, value) in places_of(user.uuid(), places, keys::BY_GAMES, keys::BY_BILL) {
                change = change.put(name, value);
            }
            if self.table.update(change.of(keys::user_view(user))).await?.is_ok() {
                return Ok(());
            }
        }
        Err(conflict("a user's view"))
    }
}

/// Where a view stands in its two lists, if it does.
fn places_of(
    id: Uuid,
    numbers: Option<(u64, u64)>,
    first: Shards,
    second: Shards,
) -> [(&'static str, Option<AttributeValue>); 4] {
    let place = |number: u64| text(format!("{number:020}#{id}"));
    [
        (keys::LIST, numbers.map(|_| text(first.of(id)))),
        (keys::AT, numbers.map(|(number, _)| place(number))),
        (keys::RANK, numbers.map(|_| text(second.of(id)))),
        (keys::SCORE, numbers.map(|(_, number)| place(number))),
    ]
}

pub(super) fn read_count(item: &Item) -> Count {
    let number = |name| item.optional_number::<i64>(name).unwrap_or_default();
    let counted = |name| u64::try_from(number(name)).unwrap_or_default();
    Count {
        version: counted(items::VERSION),
        users: counted(USERS),
        achievements: counted(ACHIEVEMENTS),
    }
}

/// The shard that a counter is of.
fn read_shard(game: GameId, counter: &Item) -> Result<u8, StoreError> {
    let prefix = format!("G#{game}#");
    let shard = counter.text(keys::PARTITION)?.strip_prefix(&prefix);
    let shard = shard.and_then(|shard| u8::from_str_radix(shard, 16).ok());
    shard.ok_or_else(|| StoreError::unreadable("a counter's shard"))
}

fn write_count(shard: u8, count: Count) -> AttributeValue {
    map([
        (SHARD, Some(number(shard))),
        (items::VERSION, Some(number(count.version))),
        (USERS, Some(number(count.users))),
        (ACHIEVEMENTS, Some(number(count.achievements))),
    ])
}

fn read_tally(view: &Item) -> Result<Tally, StoreError> {
    let count = |value: &AttributeValue| {
        let count = value.as_m().map_err(|_| StoreError::unreadable(COUNTS))?;
        Ok((count.number(SHARD)?, read_count(count)))
    };
    view.list(COUNTS).iter().map(count).collect()
}

fn read_game_view(item: &Item) -> Result<GameView, StoreError> {
    let game = keys::id_in(item.text(keys::PARTITION)?, "V#G#").map(GameId::new);
    let tally = read_tally(item)?;
    Ok(GameView {
        game: game.ok_or_else(|| StoreError::unreadable("a view's game"))?,
        users: tally.users(),
        achievements: tally.achievements(),
    })
}

fn read_user_view(item: &Item) -> Result<UserView, StoreError> {
    let user = keys::id_in(item.text(keys::PARTITION)?, "V#U#").map(UserId::new);
    Ok(UserView {
        user: user.ok_or_else(|| StoreError::unreadable("a view's user"))?,
        games: item.number(GAMES)?,
        bill: Money::from_cents(item.number(CENTS)?),
    })
}
