//! Lists, newest first: keys from an index, and then the items themselves.
//!
//! The indexes hold keys only, so that a change of status costs nothing there.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, item, text},
    table::{IndexQuery, Page},
};

use super::{OrderingStore, items::names, keys};

/// Entries that one page looks at for those that fit.
const LOOKED_AT_MAX: usize = 1_000;
/// That many of them at a time, where not all have to fit.
const LOOK_LEN_MIN: usize = 100;

/// Whether this is a position in a list: `<13 digits>#<order>`.
pub fn is_position(text: &str) -> bool {
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
            let positions = self.newest(&listing.by, after.as_deref(), look_len).await?;
            let last_ones = positions.len() < look_len;
            let mut found = self.at(&positions, listing.sort).await?;
            for (n, position) in positions.iter().enumerate() {
                let Some(item) = found.remove(order_at(position)) else { continue };
                let entry = (listing.read)(&item)?;
                if fits.is_none_or(|fits| fits(&entry)) {
                    items.push(entry);
                }
                if items.len() == limit {
                    let more = !last_ones || n + 1 < positions.len();
                    return Ok(Page { items, next: more.then(|| position.clone()) });
                }
            }
            looked_at += positions.len();
            after = positions.into_iter().next_back().or(after);
            if last_ones {
                return Ok(Page { items, next: None });
            }
            if looked_at >= LOOKED_AT_MAX {
                return Ok(Page { items, next: after });
            }
        }
    }

    /// The newest `count` positions, or those that come after `after`.
    async fn newest(
        &self,
        by: &By,
        after: Option<&str>,
        count: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut positions = match by {
            By::Student(student) => {
                self.positions(keys::BY_STUDENT_INDEX, keys::STUDENT, student, after, count).await?
            }
            By::Kind(kind) => {
                let shards = keys::list_shards(kind);
                let pages = shards.iter().map(|shard| {
                    self.positions(keys::RECENT_INDEX, keys::LIST, shard, after, count)
                });
                try_join_all(pages).await?.concat()
            }
        };
        positions.sort_unstable_by(|a, b| b.cmp(a));
        positions.truncate(count);
        Ok(positions)
    }

    /// Up to `count` positions of one partition of an index, newest first: all of them, or those
    /// before a position.
    pub(super) async fn positions(
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
        let query = IndexQuery {
            index,
            condition,
            names: Some(named),
            values,
            newest_first: true,
            limit: i32::try_from(count).unwrap_or(i32::MAX),
            ..IndexQuery::default()
        };
        let (positions, _) = self.table.query_index(query).await?;
        positions.iter().map(|item| item.text(keys::AT).map(str::to_owned)).collect()
    }

    /// The items at these positions, by order.
    pub(super) async fn at(
        &self,
        positions: &[String],
        sort: &str,
    ) -> Result<HashMap<String, Item>, StoreError> {
        let wanted =
            positions.iter().map(|position| keys::of_order(order_at(position), sort)).collect();
        let found = self.table.batch_get(wanted, false).await?;
        let by_order = found.into_iter().map(|item| {
            let position = item.text(keys::AT)?;
            Ok((order_at(position).to_owned(), item))
        });
        by_order.collect()
    }
}

pub(super) fn order_at(position: &str) -> &str {
    position.split_once('#').map_or(position, |(_, order)| order)
}
