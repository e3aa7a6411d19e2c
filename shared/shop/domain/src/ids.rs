//! Identifiers. Those of things that belong to a user or a game say whose they are, so that no index
//! has to be asked.

use std::{fmt, str::FromStr};

use marquee_kernel::{identifiers, ids::UserId, time::Timestamp};
use uuid::Uuid;

identifiers! {
    GameId
}

/// A user's payments, counted from 1: an invoice each.
///
/// It is written as `<user>-<number>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InvoiceId {
    pub user: UserId,
    pub number: u32,
}

impl InvoiceId {
    /// The same for the same invoice, and for no other.
    pub fn uuid(self) -> Uuid {
        Uuid::new_v5(&self.user.uuid(), format!("invoice {}", self.number).as_bytes())
    }
}

impl fmt::Display for InvoiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.user, self.number)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a user's UUID, a hyphen and a number")]
pub struct InvoiceIdError;

impl FromStr for InvoiceId {
    type Err = InvoiceIdError;

    fn from_str(text: &str) -> Result<Self, InvoiceIdError> {
        let (user, number) = text.rsplit_once('-').ok_or(InvoiceIdError)?;
        let digits = !number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit());
        let user = user.parse().map_err(|_| InvoiceIdError)?;
        let number = number.parse().ok().filter(|_| digits).ok_or(InvoiceIdError)?;
        let id = Self { user, number };
        // A UUID may be written in several ways; an identifier may not.
        if id.to_string() == text { Ok(id) } else { Err(InvoiceIdError) }
    }
}

/// A game in a user's cart. There is one for each game at most.
pub fn cart_item_id(user: UserId, game: GameId) -> Uuid {
    Uuid::new_v5(&user.uuid(), game.uuid().as_bytes())
}

/// Partitions of what belongs to one game. Each takes 1,000 writes a second.
pub const SHARDS: u8 = 16;

/// An entry that belongs to a game and a user: a part of its history, or an achievement. The first
/// half says who the user is, so that a user's entries lie side by side in one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(Uuid);

impl EntryId {
    /// That the user has the game: once, whoever says so and how often.
    pub fn purchased(game: GameId, user: UserId) -> Self {
        Self::new(game, user, 0, 0)
    }

    /// That the user played, at that time. `which` tells two of one millisecond apart.
    pub fn played(game: GameId, user: UserId, at: Timestamp, which: u8) -> Self {
        let millis = u64::try_from(at.millis()).unwrap_or_default() & 0xffff_ffff_ffff;
        Self::new(game, user, 1, millis << 8 | u64::from(which))
    }

    /// That the user has an achievement of this name.
    pub fn achieved(game: GameId, user: UserId, title: &str) -> Self {
        let hash = Uuid::new_v5(&game.uuid(), title.as_bytes()).as_u64_pair().0;
        Self::new(game, user, (hash >> 56) as u8, hash)
    }

    fn new(game: GameId, user: UserId, first: u8, rest: u64) -> Self {
        // The two high bits are a UUID's own.
        let rest = 0b10 << 62 | u64::from(first & 0x3f) << 56 | rest & 0x00ff_ffff_ffff_ffff;
        Self(Uuid::from_u64_pair(user_half(game, user), rest))
    }

    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// Whether it says that a user has the game.
    pub fn is_purchase(self) -> bool {
        self.0.as_u64_pair().1 == 0b10 << 62
    }

    pub fn shard(self) -> u8 {
        self.0.as_bytes()[0] % SHARDS
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for EntryId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// What the identifiers of a user's entries begin with, as text.
pub fn entries_of(game: GameId, user: UserId) -> String {
    let mut text = EntryId::purchased(game, user).to_string();
    text.truncate("01234567-89ab-cdef-".len());
    text
}

/// The shard that a user's entries of a game are in.
pub fn shard_of(game: GameId, user: UserId) -> u8 {
    EntryId::purchased(game, user).shard()
}

fn user_half(game: GameId, user: UserId) -> u64 {
    Uuid::new_v5(&game.uuid(), user.uuid().as_bytes()).as_u64_pair().0
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAME: GameId = GameId::new(Uuid::from_u128(7));

    fn user(n: u128) -> UserId {
        UserId::new(Uuid::from_u128(n))
    }

    #[test]
    fn an_invoices_id_reads_as_it_is_written_and_in_no_other_way() {
        let id = InvoiceId { user: user(1), number: 12 };
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["", "12", "x-1", &format!("{}-", user(1)), &format!("{}-012", user(1))] {
            assert_eq!(wrong.parse::<InvoiceId>(), Err(InvoiceIdError), "{wrong}");
        }
        assert!(format!("{}-+1", user(1)).parse::<InvoiceId>().is_err());
        assert!(format!("{}-1", user(1).uuid().simple()).parse::<InvoiceId>().is_err());
        assert_ne!(id.uuid(), InvoiceId { number: 13, ..id }.uuid());
    }

    #[test]
    fn a_users_entries_lie_side_by_side_in_one_shard_and_in_the_order_of_their_time() {
        let at = |millis| EntryId::played(GAME, user(1), Timestamp::from_millis(millis), 0);
        let entries = [EntryId::purchased(GAME, user(1)), at(1), at(1_763_229_600_000)];
        assert!(entries.is_sorted());
        let achievement = EntryId::achieved(GAME, user(1), "first blood");
        for entry in entries.into_iter().chain([achievement]) {
            assert!(entry.to_string().starts_with(&entries_of(GAME, user(1))), "{entry}");
            assert_eq!(entry.shard(), shard_of(GAME, user(1)));
            assert_eq!(entry.to_string().parse(), Ok(entry));
        }
        assert_eq!(entries.map(EntryId::is_purchase), [true, false, false]);
        assert_ne!(entries_of(GAME, user(1)), entries_of(GAME, user(2)));
        assert_ne!(achievement, EntryId::achieved(GAME, user(1), "second blood"));
    }
}
