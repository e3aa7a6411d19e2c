//! What is counted, against what there is to count.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::{
    items::{self, Item, Purchase},
    settle::pass_quietly,
};
use crate::{mix::Fault, world::World};

/// Steps of a rebuild: a hundred items each.
const STEPS_MAX: usize = 20;

/// The views, the counters and the histories say what purchases and achievements say. If the stream has
/// lost records, a rebuild may have to help: no cart waits for such an event.
///
/// # Errors
/// What is not as it should be.
pub(super) async fn complete(world: &World) -> Result<(), String> {
    let Err(wrong) = compare(world) else { return Ok(()) };
    if !world.faults.mix.has(Fault::RecordLost) {
        return Err(wrong);
    }
    world.journal.write(&format!("a rebuild is due: {wrong}"));
    rebuild(world, Uuid::from_u128(1)).await?;
    pass_quietly(world).await?;
    compare(world).map_err(|wrong| format!("after a rebuild: {wrong}"))
}

/// Counts everything anew.
///
/// # Errors
/// If a step is not answered.
pub(super) async fn rebuild(world: &World, staff: Uuid) -> Result<(), String> {
    let mut path = "/aggregator/rebuild".to_owned();
    for _ in 0..STEPS_MAX {
        let reply = world.ask("POST", &path, staff, Value::Null).await;
        let reply = reply.filter(|reply| reply.status == 200).ok_or("no step of a rebuild")?;
        let cursor = reply.text("nextCursor");
        if cursor.is_empty() {
            world.journal.done("rebuilds");
            return Ok(());
        }
        path = format!("/aggregator/rebuild?cursor={cursor}");
    }
    Err("a rebuild does not end".into())
}

/// Users and achievements, as `(users, achievements)`.
pub(super) type Numbers = (i64, i64);

/// What there is to count.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Of games and shards.
    pub(super) shards: BTreeMap<(Uuid, u8), Numbers>,
    /// Of games that are in the shop: users and achievements.
    pub(super) games: BTreeMap<Uuid, Numbers>,
    /// Of users who have games: how many, and what they cost in cents.
    pub(super) users: BTreeMap<Uuid, Numbers>,
}

impl Counts {
    pub(super) fn of(items: &[Item]) -> Self {
        let mut counts = Self::default();
        for item in items {
            match item {
                Item::Game { game, .. } => {
                    counts.games.entry(*game).or_default();
                }
                Item::Purchase(Purchase { user, line, .. }) => {
                    let (games, cents) = counts.users.entry(*user).or_default();
                    *games += 1;
                    *cents += i64::try_from(line.cents).unwrap_or(i64::MAX);
                }
                Item::History(entry) if entry.bought => {
                    counts.shards.entry((entry.game, entry.shard)).or_default().0 += 1;
                    counts.games.entry(entry.game).or_default().0 += 1;
                }
                Item::Achievement(entry) => {
                    counts.shards.entry((entry.game, entry.shard)).or_default().1 += 1;
                    counts.games.entry(entry.game).or_default().1 += 1;
                }
                _ => {}
            }
        }
        counts
    }
}

fn compare(world: &World) -> Result<(), String> {
    let items = items::all(&world.watch.image())?;
    histories(&items)?;
    let Counts { mut shards, games, users } = Counts::of(&items);
    let (mut games_left, mut users_left) = (games.clone(), users.clone());
    for item in &items {
        match item {
            Item::Counter { game, shard, count } => {
                let there = shards.remove(&(*game, *shard)).unwrap_or_default();
                same(
                    &format!("shard {shard} of game {game}"),
                    (count.users, count.achievements),
                    there,
                )?;
            }
            Item::GameView { game, counts, gone } => {
                if *gone {
                    return Err(format!("game {game} is in the shop, and in no list"));
                }
                let sum = |(users, achievements): Numbers, (_, count): &(u8, items::Count)| {
                    (users + count.users, achievements + count.achievements)
                };
                let there = games_left.remove(game).unwrap_or_default();
                same(&format!("the view of game {game}"), counts.iter().fold((0, 0), sum), there)?;
            }
            Item::UserView { user, games, cents } => {
                let there = users_left.remove(user).unwrap_or_default();
                same(&format!("the view of user {user}"), (*games, *cents), there)?;
            }
            _ => {}
        }
    }
    let shard = shards.iter().find(|(_, numbers)| **numbers != (0, 0));
    match (shard, games_left.keys().next(), users_left.keys().next()) {
        (Some(((game, shard), _)), _, _) => Err(format!("shard {shard} of {game} is not counted")),
        (_, Some(game), _) => Err(format!("game {game} has no view")),
        (_, _, Some(user)) => Err(format!("user {user} has no view")),
        _ => Ok(()),
    }
}

fn same(what: &str, says: Numbers, there: Numbers) -> Result<(), String> {
    match says == there {
        true => Ok(()),
        false => Err(format!("{what} says {says:?}, and there are {there:?}")),
    }
}

/// Whoever has a game is in its history once.
fn histories(items: &[Item]) -> Result<(), String> {
    let mut times: BTreeMap<(Uuid, Uuid), usize> = BTreeMap::new();
    for item in items {
        if let Item::History(entry) = item
            && entry.bought
        {
            *times.entry((entry.user, entry.game)).or_default() += 1;
        }
    }
    for item in items {
        let Item::Purchase(Purchase { user, line, .. }) = item else { continue };
        let count = times.get(&(*user, line.game)).copied().unwrap_or_default();
        if count != 1 {
            let game = line.game;
            return Err(format!("user {user} has game {game}, {count} times in its history"));
        }
    }
    Ok(())
}
