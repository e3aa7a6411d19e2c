//! What goes wrong when food is ordered.

mod budgets;
mod cancellation;
pub(crate) mod canteen;
mod chaos;
mod lost_orders;
mod messages;
