//! The waiting room's table.
//!
//! | partition key | sort key | item | written by |
//! |---|---|---|---|
//! | `R#<session>` | `ROOM` | a room and its settings | [`rooms`] |
//! | `R#<session>` | `TALLY` | how many were let in, and the batch that is being done | `batches` |
//! | `L#<session>#<line>` | `<first slot>` | a stretch of a line: who stands there | [`line`] |
//! | `E#<entry>` | `E` | a visitor's entry | [`entries`], `batches` |
//! | `C#<connection>` | `C` | a visitor's connection | [`sockets`] |
//!
//! The index `listed`, keys only, has the rooms, those inside each room by the end of their place, and those
//! who are connected.
//!
//! **Joining** puts a batch at the end of a line by one conditional write, and then writes the entries, each
//! only if the visitor has none. So a line may name somebody who stands elsewhere, and never leaves out
//! anybody: whoever reads the line believes the entry.
//!
//! **Whoever is let in, and whoever's place is over, is counted in a batch**, which the tally names
//! before it is begun and until it is done. Each change of an entry carries the batch's name, so that
//! whoever finds a batch half done can do the rest, and count the same.

pub mod admission;
mod batch;
mod batches;
pub mod entries;
mod items;
pub mod joining;
mod keys;
pub mod line;
mod op;
pub mod rooms;
pub mod schema;
pub mod sockets;

use std::sync::Arc;

use marquee_dynamo::{client::Table, error::StoreError};

/// The waiting room's storage: cheap to clone.
#[derive(Clone, Debug)]
pub struct WaitingRoomStore {
    table: Arc<Table>,
}

impl WaitingRoomStore {
    pub fn new(table: Table) -> Self {
        Self { table: Arc::new(table) }
    }
}

/// How often a change is tried that conflicts with others' each time.
const TRIES_MAX: u32 = 16;

fn conflict(what: &str) -> StoreError {
    StoreError::transient(format!("{what} was changed by others each time"))
}
