//! Journeys: what users do, over HTTP and messages only.
//!
//! The same journeys run on every target: see `target.rs`.

mod concurrency;
mod docs;
mod errors;
mod harness;
mod idempotency;
mod internal_seats;
mod late_payment;
mod messages;
mod reservations;
mod target;
mod tickets;
mod user_flow;
mod venue_setup;
mod wire;
