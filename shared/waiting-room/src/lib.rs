//! The waiting room: a fair line in front of a session's seats.
//!
//! | module | what it holds |
//! |---|---|
//! | `marquee-waiting-room-domain`, in the folder `domain` | the rules |
//! | [`events`] | what it is told, by its own API and by booking |
//! | [`topology`] | its exchange, its queues, and who consumes them |
//! | [`metrics`] | the names of what is measured of it |
//! | `store` | its table: one file for each kind of thing in it |
//! | `views` | what visitors are told, over HTTP or a WebSocket |
//! | `push` | telling those who are connected |

pub mod events;
pub mod metrics;
#[cfg(feature = "push")]
pub mod push;
#[cfg(feature = "store")]
pub mod store;
pub mod topology;
#[cfg(feature = "push")]
pub mod views;
