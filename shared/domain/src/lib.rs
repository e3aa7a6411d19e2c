//! The rules of Marquee, and nothing else.
//!
//! Everything here is a pure function of its arguments: no I/O, no clock of its own, no JSON, no
//! AWS type. That is what lets the property tests run a million bookings in a second, and what
//! `tests/tidy` guards.
//!
//! | module | what it holds |
//! |---|---|
//! | [`ids`] | one newtype per identifier |
//! | [`money`] | decimal amounts and multipliers |
//! | [`time`] | instants in milliseconds, and the [`time::Clock`] port |
//! | [`booking`] | seats, holds, reservations, tickets |
//! | [`names`] | what callers name as they like, within limits |
//! | [`members`] | members of a conference and their seats |
//! | [`ordering`] | orders, and the stock they draw on |

pub mod booking;
pub mod ids;
pub mod members;
pub mod money;
pub mod names;
pub mod ordering;
pub mod time;
