//! The bodies of events, as JSON shows them.

pub mod reservation;
