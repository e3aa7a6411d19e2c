//! Ordering's table.
//!
//! | partition key | sort key | item | written by |
//! |---|---|---|---|
//! | `O#<order>` | `order` | what orders-api knows of an order, and its event | [`orders`], [`cancellation`] |
//! | `O#<order>` | `reservation` | the inventory's own record of it, and the event that tells of it | [`reservations`], [`cancellation`] |
//! | `O#<order>` | `notification` | that the student was told | [`notifications`] |
//! | `inventory` | item | what can be ordered of it, and what orders have of it | [`inventory`], [`reservations`], [`cancellation`] |
//!
//! Indexes, keys only, newest first: `recent` for all orders or all notifications, in a few
//! partitions each; `by_student` for one student's orders.
//!
//! An order's fate is in its record, which is written once: by the same transaction that takes the
//! stock. So however often an event comes, and from wherever, it finds that it has been dealt with.

pub mod cancellation;
pub mod inventory;
mod items;
pub mod keys;
pub mod listing;
pub mod notifications;
pub mod orders;
pub mod reconcile;
pub mod reservations;
pub mod schema;

use std::sync::Arc;

use marquee_dynamo::{client::Table, error::StoreError};

/// Ordering's storage: cheap to clone.
#[derive(Clone, Debug)]
pub struct OrderingStore {
    table: Arc<Table>,
}

impl OrderingStore {
    pub fn new(table: Table) -> Self {
        Self { table: Arc::new(table) }
    }
}

/// How often a change is tried that conflicts with others' each time.
const TRIES_MAX: u32 = 8;

fn conflict(what: &str) -> StoreError {
    StoreError::transient(format!("{what} was changed by others each time"))
}
