//! What goes wrong when seats are sold.

mod budgets;
mod chaos;
mod events;
mod expiry;
mod ledger;
mod limits;
mod lost_events;
mod model;
mod named_payments;
mod passes;
mod payments;
mod requests;
mod storage_faults;
mod world;
