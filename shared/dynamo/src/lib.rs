//! DynamoDB, for every context.
//!
//! | module | what it holds |
//! |---|---|
//! | [`client`] | the client: retries, time-outs, table name |
//! | [`error`] | what an SDK error means to the rest of the system |
//! | [`item`] | reading and writing attributes |
//! | [`idempotency`] | the hash by which a repeated request is known |
//! | [`outbox`] | how an event is kept in an item |
//! | [`table`] | the requests that every context makes of its table |

pub mod client;
pub mod error;
pub mod idempotency;
pub mod item;
pub mod outbox;
pub mod table;
