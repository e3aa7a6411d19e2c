//! What goes wrong in the games shop.

mod aggregates;
mod budgets;
mod carts;
mod flow;
mod processors;
pub(crate) mod storefront;
mod stuck;
