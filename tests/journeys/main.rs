//! Journeys: what users do, over HTTP and messages only.
//!
//! The same journeys run on every target: see `target.rs`.

mod canteen;
mod concurrency;
mod docs;
mod errors;
mod harness;
mod idempotency;
mod internal_seats;
mod late_payment;
mod lists;
mod mapping;
mod members;
mod messages;
mod ordering_flow;
mod ordering_idempotency;
mod ordering_stock;
mod reservations;
mod sales;
mod target;
mod tickets;
mod user_flow;
mod venue_setup;
mod wire;
