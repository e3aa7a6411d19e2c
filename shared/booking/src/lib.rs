//! Booking: seats, holds, confirmation, tickets.
//!
//! | module | what it holds |
//! |---|---|
//! | `marquee-booking-domain`, in the folder `domain` | the rules |
//! | [`events`] | what booking tells the others |
//! | [`topology`] | its exchange, its queue, and who consumes that |
//! | `store` | its table: one file for each thing that happens to it |

pub mod events;
#[cfg(feature = "store")]
pub mod store;
pub mod topology;
