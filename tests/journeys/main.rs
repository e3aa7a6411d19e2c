//! Journeys: what users do, over HTTP and messages only.
//!
//! With `MARQUEE_URL` set they run against what is there; else each starts a host of its own.

mod concurrency;
mod docs;
mod errors;
mod harness;
mod idempotency;
mod internal_seats;
mod late_payment;
mod reservations;
mod tickets;
mod user_flow;
mod venue_setup;
