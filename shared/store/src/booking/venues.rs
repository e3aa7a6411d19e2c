//! Creating, finding and listing what a seller sets up.

use marquee_domain::ids::{EventId, LocationId};
use uuid::Uuid;

pub use super::entity_items::Entity;
use super::{BookingStore, entity_items, keys};
use crate::{
    error::StoreError,
    idempotency::{IdempotencyTag, Match},
    item::uuid,
    table::{Filter, Page},
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
    pub(super) fn to_filter(self) -> Option<Filter> {
        let (attribute, id) = match self {
            Self::All => return None,
            Self::HallsOf(location) => (entity_items::LOCATION, location.uuid()),
            Self::SessionsOf(event) => (entity_items::EVENT, event.uuid()),
        };
        Some(Filter { attribute, equals: uuid(id) })
    }
}

/// The id of something new. With a key, the same request gets the same id.
pub fn new_id(idempotency: Option<IdempotencyTag>) -> Uuid {
    idempotency.map_or_else(Uuid::new_v4, |tag| tag.key)
}

impl BookingStore {
    /// Creates `entity`, whose id must come from [`new_id`] with the same tag. One write.
    pub async fn create<E: Entity>(
        &self,
        entity: E,
        idempotency: Option<IdempotencyTag>,
    ) -> Result<Created<E>, StoreError> {
        let mut item = keys::entity(E::KIND, &entity.id().to_string());
        item.extend(entity.write());
        if let Some(tag) = idempotency {
            tag.write(&mut item);
        }
        match self.table.put_new(item).await? {
            None => Ok(Created::New(entity)),
            Some(earlier) => match idempotency.map(|tag| tag.compare(&earlier)) {
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
        let (items, next) =
            self.table.query_page(E::KIND, "", limit, after, filter.to_filter()).await?;
        let items = items.iter().map(E::read).collect::<Result<_, _>>()?;
        Ok(Page { items, next })
    }
}
