//! Booking's table.
//!
//! | partition key | sort key | item | written by |
//! |---|---|---|---|
//! | `organizers`, `locations`, `halls`, `events`, `sessions`, `price-tiers` | id | what a seller sets up | [`venues`], [`sessions`] |
//! | `H#<hall>` | `R#<row>` | a row of a hall's seating plan | [`halls`] |
//! | `S#<session>` | `B#<block>` | a block of neighbouring seats and who has them | [`seats`], [`holds`], [`confirmations`] |
//! | `U#<user hash>` | `R#<session hash>#<n>` | a reservation, its tickets and its last event | [`holds`], [`confirmations`], [`reservations`] |
//! | `P#<payment>` | `P` | a payment | `marquee_payments::store` |
//!
//! Index `overdue` (keys only, sparse): the reservations that are active, by when they run out, and the
//! payments about which something is due, by when.
//!
//! No operation here scans the table. What each one costs is asserted by `tests/faults`.

mod block_item;
pub mod cache;
pub mod catalog;
mod cell;
pub mod confirmations;
mod entity_items;
pub mod halls;
pub mod holds;
pub mod keys;
pub mod reconcile;
mod reservation_item;
pub mod reservations;
pub mod schema;
mod seat_update;
pub mod seats;
pub mod service_seats;
pub mod sessions;
mod status_change;
pub mod sweep;
pub mod venues;
pub mod wanted;

use std::sync::Arc;

use marquee_dynamo::client::Table;

/// Booking's storage: cheap to clone, remembers what never changes.
#[derive(Clone, Debug)]
pub struct BookingStore {
    table: Arc<Table>,
    cache: Arc<cache::Cache>,
}

impl BookingStore {
    pub fn new(table: Table) -> Self {
        Self { table: Arc::new(table), cache: Arc::default() }
    }
}
