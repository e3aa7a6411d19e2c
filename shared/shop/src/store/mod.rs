//! The shop's table.
//!
//! | partition key | sort key | item | written by |
//! |---|---|---|---|
//! | `U#<user>` | `CART` | the cart, and how far its payment has come | [`carts`], [`purchase_flow`] |
//! | `U#<user>` | `I#<n>` | an invoice, the newest first | [`invoices`] |
//! | `U#<user>` | `B#<game>` | a purchase | [`purchases`] |
//! | `G#<game>` | `G` | a game | [`games`] |
//! | `G#<game>#<shard>` | `H#<entry>`, `A#<entry>` | its history with a user; a user's achievement | [`entries`] |
//! | `G#<game>#<shard>` | `N` | how many of both there are | [`entries`] |
//! | `V#G#<game>`, `V#U#<user>` | `V` | what the lists by numbers show | [`views`] |
//!
//! Indexes, keys only: `listed` has the catalogue, invoices, carts on their way and the views by their
//! first number; `ranked` the views by their second.
//!
//! A purchase's steps each have one write that happens once: the cart's from one status to the next,
//! the invoice's, the first record of a purchase, the first entry in a game's history.

pub mod carts;
pub mod entries;
pub mod games;
pub mod invoices;
mod items;
mod keys;
pub mod purchase_flow;
pub mod purchases;
pub mod rebuild;
pub mod schema;
pub mod views;
pub mod waiting;

use std::sync::Arc;

use marquee_dynamo::{client::Table, error::StoreError};

/// The shop's storage: cheap to clone.
#[derive(Clone, Debug)]
pub struct ShopStore {
    table: Arc<Table>,
}

impl ShopStore {
    pub fn new(table: Table) -> Self {
        Self { table: Arc::new(table) }
    }
}

/// How often a change is tried that conflicts with others' each time.
const TRIES_MAX: u32 = 8;

fn conflict(what: &str) -> StoreError {
    StoreError::transient(format!("{what} was changed by others each time"))
}
