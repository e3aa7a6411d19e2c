//! The bodies of events, as JSON shows them.

pub mod member;
pub mod order;
pub mod reservation;
