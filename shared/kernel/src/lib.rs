//! What every context counts with.
//!
//! Everything here is a pure function of its arguments: no I/O, no clock of its own, no JSON.
//!
//! | module | what it holds |
//! |---|---|
//! | [`ids`] | one newtype per identifier |
//! | [`money`] | decimal amounts and multipliers |
//! | [`names`] | what callers name as they like, within limits |
//! | [`problem`] | kinds of errors, as callers are told them |
//! | [`time`] | instants in milliseconds, and the [`time::Clock`] port |

pub mod ids;
pub mod money;
pub mod names;
pub mod problem;
pub mod time;
