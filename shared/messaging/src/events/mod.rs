//! The bodies of events, as JSON shows them.

pub mod order;
pub mod reservation;
