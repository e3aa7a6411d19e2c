//! What goes wrong when seats are sold.

mod budgets;
mod chaos;
mod events;
mod expiry;
mod lost_events;
mod model;
mod storage_faults;
mod world;
