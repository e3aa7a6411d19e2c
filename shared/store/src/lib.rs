//! DynamoDB, and the only place that knows it.
//!
//! | module | what it holds |
//! |---|---|
//! | [`dynamo`] | the client: retries, time-outs, table name |
//! | [`error`] | what an SDK error means to the rest of the system |
//! | [`item`] | reading and writing attributes |
//! | [`idempotency`] | the tag by which a repeated request is known |
//! | [`outbox`] | how an event is kept in an item |
//! | [`table`] | the requests that every context makes of its table |
//! | [`booking`], [`members`], [`ordering`] | a context's table: one file per thing that happens to it |

// What the contexts' modules share is unused when none of them is built.
#![cfg_attr(
    not(all(feature = "booking", feature = "members", feature = "ordering")),
    allow(dead_code)
)]

#[cfg(feature = "booking")]
pub mod booking;
pub mod dynamo;
pub mod error;
pub mod idempotency;
pub mod item;
#[cfg(feature = "members")]
pub mod members;
#[cfg(feature = "ordering")]
pub mod ordering;
pub mod outbox;
pub mod table;
