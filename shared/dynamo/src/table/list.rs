//! A list that lies in several partitions of an index, a page at a time.
//!
//! Indexes hold keys only, so that a change of an item costs nothing there. A page reads the keys of
//! each partition, puts them in order, and then reads the items that it shows.

use std::collections::{HashMap, HashSet};

use futures_util::future::try_join_all;

use super::{IndexQuery, Page, schema::Index};
use crate::{
    client::Table,
    error::StoreError,
    item::{Item, PARTITION, ReadItem, SORT, item, key, names, text},
};

/// Entries that one page looks at for those that fit.
const LOOKED_AT_MAX: usize = 1_000;
/// That many of them at a time, where not all have to fit.
const LOOK_LEN_MIN: usize = 100;

/// The partitions of an index that make up a list. Positions, which the index is sorted by, are
/// unique in all of them.
#[derive(Clone, Debug)]
pub struct List {
    pub index: Index,
    pub partitions: Vec<String>,
    pub descending: bool,
    /// The first position and the last, if not all are wanted.
    pub from: Option<String>,
    pub to: Option<String>,
}

/// Whether an item, as it was read, fits.
pub type Fits<'a, T> = &'a (dyn Fn(&T) -> bool + Sync);

/// What of a list is wanted.
#[expect(missing_debug_implementations)] // of closures
pub struct Search<'a, T> {
    /// Told by the position alone, before an item is read.
    pub wanted: Option<&'a (dyn Fn(&str) -> bool + Sync)>,
    pub read: fn(&Item) -> Result<T, StoreError>,
    pub fits: Option<Fits<'a, T>>,
}

impl<T> Search<'_, T> {
    /// All that there is.
    pub fn all(read: fn(&Item) -> Result<T, StoreError>) -> Self {
        Self { wanted: None, read, fits: None }
    }
}

/// An entry of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub position: String,
    /// Of the item.
    pub key: Item,
}

impl List {
    /// All of these partitions.
    pub fn new(index: Index, partitions: Vec<String>) -> Self {
        Self { index, partitions, descending: false, from: None, to: None }
    }

    #[must_use]
    pub fn descending(self) -> Self {
        Self { descending: true, ..self }
    }

    /// The bounds of what comes after a position.
    fn bounds<'a>(&'a self, after: Option<&'a str>) -> (&'a str, &'a str) {
        let (from, to) = (self.from.as_deref(), self.to.as_deref());
        let (from, to) = (from.unwrap_or("\u{1}"), to.unwrap_or("\u{10ffff}\u{10ffff}"));
        match (after, self.descending) {
            (None, _) => (from, to),
            (Some(after), true) => (from, to.min(after)),
            (Some(after), false) => (from.max(after), to),
        }
    }
}

impl Table {
    /// The first `count` entries of a list, or of what comes after a position: half a read unit for
    /// each partition, or more if they are long.
    pub async fn entries(
        &self,
        list: &List,
        after: Option<&str>,
        count: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let pages =
            list.partitions.iter().map(|partition| self.entries_of(list, partition, after, count));
        let mut entries = try_join_all(pages).await?.concat();
        entries.sort_unstable_by(|a, b| match list.descending {
            true => b.position.cmp(&a.position),
            false => a.position.cmp(&b.position),
        });
        entries.truncate(count);
        Ok(entries)
    }

    async fn entries_of(
        &self,
        list: &List,
        partition: &str,
        after: Option<&str>,
        count: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let (from, to) = list.bounds(after);
        if from > to {
            return Ok(Vec::new());
        }
        let Index { name, hash, range } = list.index;
        let query = IndexQuery {
            index: name,
            condition: format!("#{hash} = :partition AND #{range} BETWEEN :from AND :to"),
            names: Some(names([hash, range])),
            values: item([
                (":partition", Some(text(partition))),
                (":from", Some(text(from))),
                (":to", Some(text(to))),
            ]),
            newest_first: list.descending,
            // The bounds belong to what is between them, and `after` does not.
            limit: i32::try_from(count + usize::from(after.is_some())).unwrap_or(i32::MAX),
            ..IndexQuery::default()
        };
        let (found, _) = self.query_index(query).await?;
        let entry = |found: &Item| {
            let key = key(found.text(PARTITION)?.to_owned(), found.text(SORT)?.to_owned());
            Ok(Entry { position: found.text(range)?.to_owned(), key })
        };
        let mut entries = found.iter().map(entry).collect::<Result<Vec<_>, StoreError>>()?;
        entries.retain(|entry| after != Some(entry.position.as_str()));
        entries.truncate(count);
        Ok(entries)
    }

    /// The items of these entries, in their order, each once: one that moves while partitions are read
    /// may be seen in two. One that has gone is left out.
    pub async fn items_at<'a>(
        &self,
        entries: &'a [Entry],
    ) -> Result<Vec<(&'a str, Item)>, StoreError> {
        let name = |item: &Item| {
            Some((item.text(PARTITION).ok()?.to_owned(), item.text(SORT).ok()?.to_owned()))
        };
        let mut seen = HashSet::new();
        let wanted = entries.iter().filter(|entry| seen.insert(name(&entry.key)));
        let wanted = wanted.map(|entry| entry.key.clone()).collect();
        let found = self.batch_get(wanted, false).await?;
        let mut by_key: HashMap<_, _> =
            found.into_iter().filter_map(|item| Some((name(&item)?, item))).collect();
        let in_order = entries.iter().filter_map(|entry| {
            Some((entry.position.as_str(), by_key.remove(&name(&entry.key)?)?))
        });
        Ok(in_order.collect())
    }

    /// A page of what fits. It may be short, or empty, though there is a next one: then one look has
    /// seen enough that did not fit.
    pub async fn search<T>(
        &self,
        list: &List,
        search: &Search<'_, T>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<T>, StoreError> {
        let mut items = Vec::new();
        let mut after = after.map(str::to_owned);
        let mut looked_at = 0;
        let look_len = match (search.wanted, search.fits) {
            (None, None) => limit,
            _ => limit.max(LOOK_LEN_MIN),
        };
        loop {
            let mut entries = self.entries(list, after.as_deref(), look_len).await?;
            let last = entries.last().map(|entry| entry.position.clone());
            let last_ones = entries.len() < look_len;
            looked_at += entries.len();
            entries.retain(|entry| search.wanted.is_none_or(|wanted| wanted(&entry.position)));
            for (position, item) in self.items_at(&entries).await? {
                let found = (search.read)(&item)?;
                if search.fits.is_none_or(|fits| fits(&found)) {
                    items.push(found);
                }
                if items.len() == limit {
                    let more = !last_ones || last.as_deref() != Some(position);
                    return Ok(Page { items, next: more.then(|| position.to_owned()) });
                }
            }
            after = last.or(after);
            if last_ones {
                return Ok(Page { items, next: None });
            }
            if looked_at >= LOOKED_AT_MAX {
                return Ok(Page { items, next: after });
            }
        }
    }
}
