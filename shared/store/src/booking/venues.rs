//! Creating, finding and listing what a seller sets up.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use marquee_domain::ids::{EventId, LocationId};
use uuid::Uuid;

pub use super::entity_items::Entity;
use super::{BookingStore, keys};
use crate::{
    error::StoreError,
    idempotency::{IdempotencyTag, Match},
    item::{Item, ReadItem, text},
    table::Page,
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
        let page = self
            .table
            .reader(false)
            .query()
            .table_name(&self.table.name)
            .index_name(keys::PARENT_INDEX)
            .key_condition_expression("parent = :parent")
            .expression_attribute_values(":parent", text(keys::children(kind, parent)))
            .set_exclusive_start_key(start)
            .limit(limit)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(StoreError::from_sdk)?;
        let found = page.items.unwrap_or_default();
        let ids = found.iter().map(|item| item.text(keys::SORT));
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        let wanted = ids.iter().map(|id| keys::entity(kind, id)).collect();
        let mut items = self.table.batch_get(wanted, false).await?;
        items.sort_by_cached_key(|item| item.optional_text(keys::SORT).map(str::to_owned));
        let next = page.last_evaluated_key.map(|key| key.text(keys::SORT).map(str::to_owned));
        Ok((items, next.transpose()?))
    }
}
