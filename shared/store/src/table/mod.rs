//! The requests that every context makes of its table.
//!
//! | module | what it holds |
//! |---|---|
//! | `read`, `batch` | one item, a page, a partition; many items by their keys |
//! | `put`, `guarded_update`, `delete` | one item written on a condition |
//! | `transaction` | several, all or none |
//! | `cursor` | how far a job has come |
//! | [`schema`] | a table's definition |
//!
//! Each asks DynamoDB what it consumed, which is what `tests/faults` holds the budgets against.

mod batch;
mod cursor;
mod delete;
mod guarded_update;
mod put;
mod read;
pub mod schema;
mod transaction;

pub(crate) use delete::delete_if;
pub(crate) use guarded_update::GuardedUpdate;
pub(crate) use put::put_new;
pub(crate) use transaction::{Reasons, condition_failed};

use crate::item::{Item, item, text};

pub const PARTITION: &str = "pk";
pub const SORT: &str = "sk";

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins, if there may be one.
    pub next: Option<String>,
}

pub(crate) fn key(partition: String, sort: String) -> Item {
    item([(PARTITION, Some(text(partition))), (SORT, Some(text(sort)))])
}
