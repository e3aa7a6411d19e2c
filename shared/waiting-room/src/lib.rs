//! The waiting room: a fair line in front of a session's seats.
//!
//! | module | what it holds |
//! |---|---|
//! | `marquee-waiting-room-domain`, in the folder `domain` | the rules |
//! | [`events`] | what it is told, by its own API and by booking |
//! | [`topology`] | its exchange, its queues, and who consumes them |
//! | `store` | its table: one file for each kind of thing in it |

pub mod events;
#[cfg(feature = "store")]
pub mod store;
pub mod topology;
