//! Lists, newest first: keys from an index, and then the items themselves.
//!
//! The indexes hold keys only, so that a change of status costs nothing there.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use futures_util::future::try_join_all;

use super::{OrderingStore, items::names, keys};
use crate::{
    error::StoreError,
    item::{Item, ReadItem, item, text},
    table::Page,
};

/// Entries that one page looks at for those that fit.
const LOOKED_AT_MAX: usize = 1_000;
/// That many of them at a time, where not all have to fit.
const LOOK_LEN_MIN: usize = 100;

/// Whether this is a place in a list: `<13 digits>#<order>`.
pub fn is_place(text: &str) -> bool {
    let digits = |millis: &str| millis.len() == 13 && millis.bytes().all(|b| b.is_ascii_digit());
    text.split_once('#').is_some_and(|(millis, order)| digits(millis) && !order.is_empty())
}

pub(super) enum By {
    Kind(&'static str),
    Student(String),
}

/// What is listed, and how to read it.
pub(super) struct Listing<T> {
    pub(super) by: By,
    /// The sort key of the items that the list is of.
    pub(super) sort: &'static str,
    pub(super) read: fn(&Item) -> Result<T, StoreError>,
}

impl OrderingStore {
    pub(super) async fn list<T>(
        &self,
        listing: &Listing<T>,
        fits: Option<&(dyn Fn(&T) -> bool + Sync)>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<T>, StoreError> {
        let mut items = Vec::new();
        let mut after = after.map(str::to_owned);
        let mut looked_at = 0;
        let look_len = if fits.is_some() { limit.max(LOOK_LEN_MIN) } else { limit };
        loop {
            let places = self.newest(&listing.by, after.as_deref(), look_len).await?;
            let last_ones = places.len() < look_len;
            let mut found = self.at(&places, listing.sort).await?;
            for (n, place) in places.iter().enumerate() {
                let Some(item) = found.remove(order_at(place)) else { continue };
                let entry = (listing.read)(&item)?;
                if fits.is_none_or(|fits| fits(&entry)) {
                    items.push(entry);
                }
                if items.len() == limit {
                    let more = !last_ones || n + 1 < places.len();
                    return Ok(Page { items, next: more.then(|| place.clone()) });
                }
            }
            looked_at += places.len();
            after = places.into_iter().next_back().or(after);
            if last_ones {
                return Ok(Page { items, next: None });
            }
            if looked_at >= LOOKED_AT_MAX {
                return Ok(Page { items, next: after });
            }
        }
    }

    /// The newest `count` places, or those that come after `after`.
    async fn newest(
        &self,
        by: &By,
        after: Option<&str>,
        count: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut places = match by {
            By::Student(student) => {
                self.places(keys::BY_STUDENT_INDEX, keys::STUDENT, student, after, count).await?
            }
            By::Kind(kind) => {
                let shards = keys::list_shards(kind);
                let pages = shards
                    .iter()
                    .map(|shard| self.places(keys::RECENT_INDEX, keys::LIST, shard, after, count));
                try_join_all(pages).await?.concat()
            }
        };
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.truncate(count);
        Ok(places)
    }

    /// Up to `count` places of one partition of an index, newest first: all of them, or those
    /// before a place.
    pub(super) async fn places(
        &self,
        index: &str,
        hash: &str,
        partition: &str,
        before: Option<&str>,
        count: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut condition = format!("#{hash} = :partition");
        let mut named = names([hash]);
        let mut values = item([(":partition", Some(text(partition)))]);
        if let Some(before) = before {
            condition.push_str(" AND #at < :before");
            named.extend(names([keys::AT]));
            values.insert(":before".to_owned(), text(before));
        }
        let page = self
            .table
            .reader(false)
            .query()
            .table_name(&self.table.name)
            .index_name(index)
            .key_condition_expression(condition)
            .set_expression_attribute_names(Some(named))
            .set_expression_attribute_values(Some(values))
            .scan_index_forward(false)
            .limit(i32::try_from(count).unwrap_or(i32::MAX))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(StoreError::from_sdk)?;
        let places = page.items.unwrap_or_default();
        places.iter().map(|item| item.text(keys::AT).map(str::to_owned)).collect()
    }

    /// The items at these places, by order.
    pub(super) async fn at(
        &self,
        places: &[String],
        sort: &str,
    ) -> Result<HashMap<String, Item>, StoreError> {
        let wanted = places.iter().map(|place| keys::of_order(order_at(place), sort)).collect();
        let found = self.table.batch_get(wanted, false).await?;
        let by_order = found.into_iter().map(|item| {
            let place = item.text(keys::AT)?;
            Ok((order_at(place).to_owned(), item))
        });
        by_order.collect()
    }
}

pub(super) fn order_at(place: &str) -> &str {
    place.split_once('#').map_or(place, |(_, order)| order)
}
