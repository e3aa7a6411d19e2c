//! How a function is run.
//!
//! Each trigger has an entry for the real runtime and one that takes the event's JSON, which is
//! what the host and the tests call: the same handler sees the same bytes everywhere.
//!
//! | trigger | module | runtime | by hand |
//! |---|---|---|---|
//! | HTTP | [`http`] | [`http::run`] | [`http::invoke`] |
//! | queue | [`consumer`] | [`consumer::run`] | [`consumer::consume`] |
//! | stream | [`stream`] | [`stream::run`] | [`stream::relay`] |
//! | WebSocket | [`socket`] | [`socket::run`] | [`socket::invoke`] |
//! | schedule | [`schedule`] | [`schedule::run`] | the handler itself |
//!
//! For every function: [`config`], [`telemetry`], [`metrics`], [`clock`]. For those that publish or consume:
//! [`broker`], [`secrets`], and [`republish`]; to post to who is connected, [`sockets`]. For those that take money: [`payments`]. For HTTP: [`problem`] is the list of errors a
//! caller can get, [`extract`] reads requests, [`json`] has the field types, [`route`] says who may
//! call what, and [`identity`] who calls.

#[cfg(any(feature = "secrets", feature = "sockets"))]
mod aws;
#[cfg(feature = "broker")]
pub mod broker;
pub mod clock;
pub mod config;
#[cfg(feature = "consumer")]
pub mod consumer;
#[cfg(feature = "http")]
pub mod extract;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "http")]
pub mod identity;
#[cfg(feature = "http")]
pub mod json;
pub mod metrics;
#[cfg(feature = "http")]
pub mod page;
#[cfg(feature = "payments")]
pub mod payments;
#[cfg(feature = "http")]
pub mod problem;
#[cfg(feature = "broker")]
pub mod republish;
#[cfg(feature = "http")]
pub mod route;
pub mod schedule;
#[cfg(feature = "secrets")]
pub mod secrets;
#[cfg(feature = "snapshots")]
pub mod snapshots;
#[cfg(feature = "socket")]
pub mod socket;
#[cfg(feature = "sockets")]
pub mod sockets;
#[cfg(feature = "stream")]
pub mod stream;
pub mod telemetry;

/// What a function's `main` returns.
pub type Error = lambda_runtime::Error;
