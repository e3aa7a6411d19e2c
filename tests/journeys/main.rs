//! Journeys: what users do, over HTTP and messages only.
//!
//! The same journeys run on every target: see `target.rs`.

mod booking;
mod docs;
mod errors;
mod harness;
mod lists;
mod mapping;
mod members;
mod ordering;
mod stripe;
mod target;
mod wire;
