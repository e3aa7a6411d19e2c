//! The keys of the shop's items.

use std::{fmt::Display, time::Duration};

pub(super) use marquee_dynamo::item::{PARTITION, SORT};
use marquee_dynamo::{
    item::{Item, key},
    table::list::List,
};
use marquee_kernel::{ids::UserId, time::Timestamp};
use marquee_shop_domain::ids::{EntryId, GameId, InvoiceId};
use uuid::Uuid;

use super::schema::LISTED;
pub(super) use super::schema::{AT, LIST, RANK, SCORE};

pub(super) const CART: &str = "CART";
pub(super) const PURCHASE: &str = "B#";
pub(super) const INVOICE: &str = "I#";
pub(super) const GAME: &str = "G";
pub(super) const COUNTER: &str = "N";
pub(super) const ACHIEVEMENT: &str = "A#";
pub(super) const HISTORY: &str = "H#";
pub(super) const VIEW: &str = "V";

pub(super) fn partition_of_user(user: UserId) -> String {
    format!("U#{user}")
}

pub(super) fn cart(user: UserId) -> Item {
    key(partition_of_user(user), CART.to_owned())
}

pub(super) fn purchase(user: UserId, game: GameId) -> Item {
    key(partition_of_user(user), format!("{PURCHASE}{game}"))
}

/// A user's invoices sort newest first.
pub(super) fn invoice(id: InvoiceId) -> Item {
    key(partition_of_user(id.user), format!("{INVOICE}{:010}", u32::MAX - id.number))
}

pub(super) fn game(game: GameId) -> Item {
    key(format!("G#{game}"), GAME.to_owned())
}

/// What belongs to a game lies in several partitions.
pub(super) fn partition_of_shard(game: GameId, shard: u8) -> String {
    format!("G#{game}#{shard:x}")
}

pub(super) fn counter(game: GameId, shard: u8) -> Item {
    key(partition_of_shard(game, shard), COUNTER.to_owned())
}

pub(super) fn entry(game: GameId, kind: &str, id: EntryId) -> Item {
    key(partition_of_shard(game, id.shard()), format!("{kind}{id}"))
}

pub(super) fn game_view(game: GameId) -> Item {
    key(format!("V#G#{game}"), VIEW.to_owned())
}

pub(super) fn user_view(user: UserId) -> Item {
    key(format!("V#U#{user}"), VIEW.to_owned())
}

/// The identifier in a partition key, after what the kind begins with.
pub(super) fn id_in(partition: &str, prefix: &str) -> Option<Uuid> {
    partition.strip_prefix(prefix)?.parse().ok()
}

/// A list that lies in a few partitions of an index, each of which takes 1,000 writes a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shards {
    name: &'static str,
    count: u128,
}

/// The games that are sold, by title.
pub(super) const CATALOGUE: Shards = Shards { name: "game", count: 4 };
/// Carts that wait for the next step, by when they were last looked at.
pub(super) const WAITING: Shards = Shards { name: "waiting", count: 4 };
/// Invoices that are to be processed, by when. A look at them, empty, costs half a read unit each.
pub(super) const OPEN: Shards = Shards { name: "open", count: 2 };
/// Invoices that are done, by when.
pub(super) const OK: Shards = Shards { name: "ok", count: 4 };
pub(super) const REJECTED: Shards = Shards { name: "rejected", count: 4 };
/// Views. The two of games, and the two of users.
pub(super) const BY_PLAYERS: Shards = Shards { name: "players", count: 4 };
pub(super) const BY_ACHIEVEMENTS: Shards = Shards { name: "achievements", count: 4 };
pub(super) const BY_GAMES: Shards = Shards { name: "games", count: 4 };
pub(super) const BY_BILL: Shards = Shards { name: "bill", count: 4 };

impl Shards {
    /// The partition that this is in.
    pub(super) fn of(self, id: Uuid) -> String {
        format!("{}#{}", self.name, id.as_u128() % self.count)
    }

    pub(super) fn all(self) -> Vec<String> {
        (0..self.count).map(|shard| format!("{}#{shard}", self.name)).collect()
    }

    /// As a list by the index `listed`.
    pub(super) fn listed(self) -> List {
        List::new(LISTED, self.all())
    }
}

/// A place in a list by time.
pub(super) fn position(at: Timestamp, id: impl Display) -> String {
    format!("{}#{id}", self::at(at))
}

/// What comes after all places up to that moment.
pub(super) fn until(at: Timestamp) -> String {
    self::at(at + Duration::from_millis(1))
}

/// In the year 2286, milliseconds have a digit more.
const AT_MAX: i64 = 9_999_999_999_999;

/// What the places of that moment begin with.
pub(super) fn at(at: Timestamp) -> String {
    format!("{:013}", at.millis().clamp(0, AT_MAX))
}
