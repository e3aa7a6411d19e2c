//! `on-shop-event`: keeps the views of games and users up to date.
//!
//! Consumes `aggregator_queue`. A message that names no games is poison. Everything else is safe to see
//! any number of times and in any order: it says only what to look at, and a view is written from what
//! is counted there. A game or user that a batch names many times is looked at once.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use marquee_kernel::ids::UserId;
use marquee_lambda::consumer::{BatchHandler, Incoming, Outcome, guarded};
use marquee_messaging::topology::Queue;
use marquee_shop::{
    events::{ChangedGames, GamesEvent},
    store::ShopStore,
};
use marquee_shop_domain::ids::{GameId, shard_of};

pub const QUEUE: &Queue = &marquee_shop::topology::AGGREGATOR_QUEUE;

/// Views that are written at the same time.
const AT_ONCE: usize = 10;

#[derive(Clone, Debug)]
pub struct OnShopEvent {
    pub store: ShopStore,
}

/// What is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum View {
    Game(GameId),
    User(UserId),
}

#[async_trait]
impl BatchHandler for OnShopEvent {
    async fn handle_batch(&self, batch: &[Incoming]) -> Vec<Outcome> {
        let read = |incoming: &Incoming| GamesEvent::read(&incoming.message.body);
        let changes: Vec<_> = batch.iter().map(read).collect();
        let mut wanted: BTreeMap<View, BTreeSet<u8>> = BTreeMap::new();
        for ChangedGames { games, user } in changes.iter().flatten() {
            for game in games {
                let shard = user.map(|user| shard_of(*game, user));
                wanted.entry(View::Game(*game)).or_default().extend(shard);
            }
            if let Some(user) = user {
                wanted.entry(View::User(*user)).or_default();
            }
        }
        let views = wanted.into_iter().map(async |(view, shards)| {
            let failed = self.refresh(&view, shards.into_iter().collect()).await.err()?;
            Some((view, failed))
        });
        let failures = stream::iter(views).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
        let failures: BTreeMap<_, _> = failures.into_iter().flatten().collect();
        let outcome = |change: Result<ChangedGames, String>| match change {
            Err(reason) => Outcome::Poison(reason),
            Ok(change) => {
                let views = change.games.into_iter().map(View::Game);
                let mut views = views.chain(change.user.map(View::User));
                match views.find_map(|view| failures.get(&view)) {
                    Some(reason) => Outcome::RetryLater(reason.clone()),
                    None => Outcome::Done,
                }
            }
        };
        changes.into_iter().map(outcome).collect()
    }
}

impl OnShopEvent {
    async fn refresh(&self, view: &View, shards: Vec<u8>) -> Result<(), String> {
        let refreshed = guarded(async {
            match view {
                View::Game(game) => self.store.refresh_game(*game, &shards).await,
                View::User(user) => self.store.refresh_user(*user).await,
            }
        });
        refreshed.await?.map_err(|error| error.to_string())
    }
}
