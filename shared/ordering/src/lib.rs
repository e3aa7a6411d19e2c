//! Ordering: orders, and the stock they draw on.
//!
//! | module | what it holds |
//! |---|---|
//! | `marquee-ordering-domain`, in the folder `domain` | the rules |
//! | [`events`] | what orders and the inventory tell one another |
//! | [`topology`] | its exchange, its queues, and who consumes them |
//! | `store` | its table: one file for each thing that happens to it |

pub mod events;
#[cfg(feature = "store")]
pub mod store;
pub mod topology;
