//! DynamoDB: dynoxide, AWS's limits around it, and a log of all changes.
//!
//! | module | what it holds |
//! |---|---|
//! | [`link`] | the way to it |
//! | [`service`] | a request arrives, and takes effect |
//! | [`limits`], `reads`, `writes` | which limits it meets, in their order |
//! | [`rules`], [`throughput`] | how much a key, a table and an account give in a second |
//! | [`units`], [`sizes`] | how much a request takes, and what is too large |
//! | [`transactions`], [`tokens`] | transactions that overlap, and those that come again |
//! | [`replica`] | reads that lag behind |
//! | [`log`], [`schema`], [`request`] | what is known of items, tables and requests |
//! | [`refusals`] | what it answers |
//! | [`engine`] | the database |

pub mod engine;
pub mod limits;
pub mod link;
pub mod log;
mod reads;
pub mod refusals;
pub mod replica;
pub mod request;
pub mod rules;
pub mod schema;
pub mod service;
pub mod sizes;
pub mod throughput;
pub mod tokens;
pub mod transactions;
pub mod units;
mod writes;

pub use log::Change;
pub use refusals::Answer;
pub use service::Service;
