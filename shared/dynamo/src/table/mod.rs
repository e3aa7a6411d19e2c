//! The requests that every context makes of its table.
//!
//! | module | what it holds |
//! |---|---|
//! | `read`, `batch` | one item, a page, a partition; many items by their keys |
//! | `put`, `conditional_update`, `delete` | one item written on a condition |
//! | `change` | such a condition and what it changes, put together |
//! | `index`, [`list`] | a page of an index; a list in several partitions of one |
//! | `transaction` | several, all or none |
//! | `cursor` | how far a job has come |
//! | [`schema`] | a table's definition |
//!
//! Each asks DynamoDB what it consumed, which is what `tests/faults` holds the budgets against.

mod batch;
mod change;
mod conditional_update;
mod cursor;
mod delete;
mod index;
pub mod list;
mod put;
mod read;
pub mod schema;
mod transaction;

pub use change::Change;
pub use conditional_update::ConditionalUpdate;
pub use delete::{delete_existing, delete_if};
pub use index::IndexQuery;
pub use put::put_new;
pub use transaction::{Reasons, condition_failed};

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins, if there may be one.
    pub next: Option<String>,
}
