//! What goes wrong, and what it must not lead to.
//!
//! These speak to the functions as AWS does, by events, so that a test can say what time it is,
//! what the connection to DynamoDB does, and in which order messages come.

mod budgets;
mod cancellation;
mod canteen;
mod chaos;
mod events;
mod expiry;
mod lost_events;
mod lost_orders;
mod members;
mod ordering;
mod ordering_budgets;
mod ordering_chaos;
mod price;
mod storage_faults;
mod world;
