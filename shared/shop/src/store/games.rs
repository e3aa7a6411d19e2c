//! Games, and the catalogue of those that are sold.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, text, uuid},
    table::{Change, Page, list::Search},
};
use marquee_kernel::time::Timestamp;
use marquee_messaging::outbox::ATTRIBUTE;
use marquee_shop_domain::{
    game::{Game, GameFilter},
    ids::GameId,
};
use uuid::Uuid;

use super::{ShopStore, items, keys};
use crate::events::{EventType, GamesEvent};

/// A game that is not sold any more keeps its title, for those who have it. This says which request took
/// it out.
const GONE: &str = "gone";
/// Which request created it.
const REQUEST: &str = "req";

/// A game as it is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownGame {
    pub game: Game,
    /// Whether it has been taken out of the shop.
    pub gone: bool,
}

impl ShopStore {
    /// Puts a new game into the catalogue: two write units. `false` if there is one of its id, which was
    /// not put there by this `request`.
    pub async fn create_game(
        &self,
        game: &Game,
        request: Uuid,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let change = as_sold(game, now).set(REQUEST, uuid(request)).only_if(keys::PARTITION, None);
        match self.table.update(change.of(keys::game(game.id))).await? {
            Ok(()) => Ok(true),
            Err(earlier) => Ok(earlier.optional_uuid(REQUEST) == Some(request)),
        }
    }

    /// Puts a game into the catalogue, or in the place of what it was.
    pub async fn put_game(&self, game: &Game, now: Timestamp) -> Result<(), StoreError> {
        if !self.create_game(game, Uuid::new_v4(), now).await? {
            let change = as_sold(game, now).remove(GONE).only_with(keys::PARTITION);
            // It cannot fail: a game's item is never deleted.
            let _ = self.table.update(change.of(keys::game(game.id))).await?;
        }
        Ok(())
    }

    /// Takes a game out of the shop; `false` if it is not in there.
    pub async fn withdraw_game(&self, game: GameId, now: Timestamp) -> Result<bool, StoreError> {
        let by = Uuid::new_v4();
        let change = Change::default()
            .set(GONE, uuid(by))
            .set(ATTRIBUTE, changed(game, now))
            .remove(keys::LIST)
            .remove(keys::AT)
            .only_with(keys::PARTITION)
            .only_if(GONE, None);
        match self.table.update(change.of(keys::game(game))).await? {
            Ok(()) => Ok(true),
            // The answer of the write itself was lost.
            Err(found) => Ok(found.optional_uuid(GONE) == Some(by)),
        }
    }

    /// A game that is sold.
    pub async fn game(&self, game: GameId) -> Result<Option<Game>, StoreError> {
        let found = self.table.get(keys::game(game), true).await?;
        let found = found.as_ref().map(read).transpose()?;
        Ok(found.filter(|known| !known.gone).map(|known| known.game))
    }

    /// These games, sold or not. It may lag behind by a moment: half a read unit for each.
    pub async fn known_games(
        &self,
        games: impl IntoIterator<Item = GameId>,
    ) -> Result<HashMap<GameId, KnownGame>, StoreError> {
        self.games(games, false).await
    }

    /// These games, sold or not, as they are now: a read unit for each.
    pub(super) async fn games(
        &self,
        games: impl IntoIterator<Item = GameId>,
        consistent: bool,
    ) -> Result<HashMap<GameId, KnownGame>, StoreError> {
        let keys = games.into_iter().map(keys::game).collect();
        let found = self.table.batch_get(keys, consistent).await?;
        let known = found.iter().map(read);
        known.map(|known| known.map(|known| (known.game.id, known))).collect()
    }

    /// A page of the catalogue, by title. Looking for a part of a title reads a thousand entries of the
    /// index, some 13 read units, for each page that comes up short.
    pub async fn catalogue(
        &self,
        filter: &GameFilter,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<Game>, StoreError> {
        let wanted = |position: &str| filter.fits(position);
        let wanted = (!filter.is_empty()).then_some(&wanted as _);
        let search = Search { wanted, ..Search::all(read) };
        let found = self.table.search(&keys::CATALOGUE.listed(), &search, limit, after).await?;
        let sold = found.items.into_iter().filter(|known| !known.gone);
        Ok(Page { items: sold.map(|known| known.game).collect(), next: found.next })
    }
}

fn as_sold(game: &Game, now: Timestamp) -> Change {
    Change::default()
        .set(items::TITLE, text(game.title.as_str()))
        .set(items::PRICE, items::price(game.base_price))
        .set(keys::LIST, text(keys::CATALOGUE.of(game.id.uuid())))
        .set(keys::AT, text(game.position()))
        .set(ATTRIBUTE, changed(game.id, now))
}

/// That the catalogue has changed, each time anew.
fn changed(game: GameId, now: Timestamp) -> AttributeValue {
    let kind = EventType::GameChanged;
    items::event(Uuid::new_v4(), kind, &GamesEvent::new(kind, [game], None, now))
}

pub(super) fn read(item: &Item) -> Result<KnownGame, StoreError> {
    let id = keys::id_in(item.text(keys::PARTITION)?, "G#").map(GameId::new);
    let game = Game {
        id: id.ok_or_else(|| StoreError::unreadable("a game's id"))?,
        title: item.parsed(items::TITLE)?,
        base_price: items::read_price(item, items::PRICE)?,
    };
    Ok(KnownGame { game, gone: item.contains_key(GONE) })
}
