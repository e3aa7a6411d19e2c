//! Orders, and the stock they draw on.
//!
//! | module | what it holds |
//! |---|---|
//! | [`names`] | identifiers and names that callers choose |
//! | [`order`] | an order's life |
//! | [`stock`] | who gets what is left |

pub mod names;
pub mod order;
pub mod stock;
