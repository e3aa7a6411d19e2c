//! Orders, and the stock they draw on.
//!
//! | module | what it holds |
//! |---|---|
//! | [`names`] | identifiers and names that callers choose |
//! | [`order`] | an order's life |
//! | [`problems`] | what callers are told when a rule says no |
//! | [`stock`] | who gets what is left |

pub mod names;
pub mod order;
pub mod problems;
pub mod stock;
