//! Creating, finding and listing what a seller sets up.

use marquee_booking_domain::ids::{EventId, LocationId};
use uuid::Uuid;

pub use super::entity_items::Entity;
use super::{BookingStore, keys};
use marquee_dynamo::{
    error::StoreError,
    idempotency::{IdempotencyHash, Match},
    item::{Item, ReadItem, item, text},
    table::{IndexQuery, Page},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created<E> {
    New(E),
    /// The same request was answered before, with this.
    Replayed(E),
    /// The idempotency key came before with another request.
    KeyReused,
    /// The same request is being answered at this moment.
    InProgress,
}

/// Narrows a list to the children of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListFilter {
    All,
    HallsOf(LocationId),
    SessionsOf(EventId),
}

impl ListFilter {
    fn parent(self) -> Option<Uuid> {
        match self {
            Self::All => None,
            Self::HallsOf(location) => Some(location.uuid()),
            Self::SessionsOf(event) => Some(event.uuid()),
        }
    }
}

/// The id of something new. With a key, the same request gets the same id.
pub fn new_id(idempotency: Option<IdempotencyHash>) -> Uuid {
    idempotency.map_or_else(Uuid::new_v4, |hash| hash.key)
}

impl BookingStore {
    /// Creates `entity`, whose id must come from [`new_id`] with the same hash. One write.
    pub async fn create<E: Entity>(
        &self,
        entity: E,
        idempotency: Option<IdempotencyHash>,
    ) -> Result<Created<E>, StoreError> {
        let mut item = keys::entity(E::KIND, &entity.id().to_string());
        item.extend(entity.write());
        if let Some(hash) = idempotency {
            hash.write(&mut item);
        }
        match self.table.put_new(item).await? {
            None => Ok(Created::New(entity)),
            Some(earlier) => match idempotency.map(|hash| hash.compare(&earlier)) {
                // With no key the id is ours alone: this is our own write, its answer lost.
                None | Some(Match::SameRequest) => E::read(&earlier).map(Created::Replayed),
                Some(_) => Ok(Created::KeyReused),
            },
        }
    }

    pub async fn find<E: Entity>(&self, id: Uuid) -> Result<Option<E>, StoreError> {
        let item = self.table.get(keys::entity(E::KIND, &id.to_string()), true).await?;
        item.as_ref().map(E::read).transpose()
    }

    pub async fn list<E: Entity>(
        &self,
        filter: ListFilter,
        limit: i32,
        after: Option<&str>,
    ) -> Result<Page<E>, StoreError> {
        let (items, next) = self.entity_items(E::KIND, filter, limit, after).await?;
        let items = items.iter().map(E::read).collect::<Result<_, _>>()?;
        Ok(Page { items, next })
    }

    /// A page of one kind's items: all, or those of one parent, whose keys come from the index. The
    /// index lags behind by a moment.
    pub(super) async fn entity_items(
        &self,
        kind: &str,
        filter: ListFilter,
        limit: i32,
        after: Option<&str>,
    ) -> Result<(Vec<Item>, Option<String>), StoreError> {
        let Some(parent) = filter.parent() else {
            return self.table.query_page(kind, "", limit, after).await;
        };
        let start = after.map(|id| {
            let mut start = keys::entity(kind, id);
            start.insert(keys::PARENT.to_owned(), text(keys::children(kind, parent)));
            start
        });
        let query = IndexQuery {
            index: keys::PARENT_INDEX,
            condition: "parent = :parent".into(),
            values: item([(":parent", Some(text(keys::children(kind, parent))))]),
            start,
            limit,
            ..IndexQuery::default()
        };
        let (found, last) = self.table.query_index(query).await?;
        let ids = found.iter().map(|item| item.text(keys::SORT));
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        let wanted = ids.iter().map(|id| keys::entity(kind, id)).collect();
        let mut items = self.table.batch_get(wanted, false).await?;
        items.sort_by_cached_key(|item| item.optional_text(keys::SORT).map(str::to_owned));
        let next = last.map(|key| key.text(keys::SORT).map(str::to_owned));
        Ok((items, next.transpose()?))
    }
}
