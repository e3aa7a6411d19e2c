//! The shop: games, carts, invoices, and what customers have.
//!
//! | module | what it holds |
//! |---|---|
//! | `marquee-shop-domain`, in the folder `domain` | the rules |
//! | [`events`] | what the steps of a purchase tell one another |
//! | [`topology`] | its exchange, its queues, and who consumes them |
//! | `store` | its table: one file for each kind of thing in it |

pub mod events;
#[cfg(feature = "store")]
pub mod store;
pub mod topology;
