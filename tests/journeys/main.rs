//! Journeys: what users do, over HTTP and messages only.
//!
//! The same journeys run on every target: see `target.rs`.

mod access;
mod booking;
mod docs;
mod errors;
mod harness;
mod lists;
mod mapping;
mod members;
mod oidc;
mod ordering;
mod program;
mod reply;
mod rest;
mod scene;
mod shop;
mod stripe;
mod target;
mod waiting_room;
mod wire;
