//! Booking: seats, holds, confirmation, tickets.
//!
//! | module | what it holds |
//! |---|---|
//! | `marquee-booking-domain`, in the folder `domain` | the rules |
//! | [`events`] | what booking tells the others |
//! | [`topology`] | its exchange, its queues, and who consumes them |
//! | `store` | its table: one file for each thing that happens to it |
//! | `checkout` | seats and money together: confirming a reservation, and settling its payment |

#[cfg(feature = "store")]
pub mod checkout;
pub mod events;
#[cfg(feature = "store")]
pub mod store;
pub mod topology;
