//! Members of a conference and their seats, saved and asked for by message.
//!
//! | module | what it holds |
//! |---|---|
//! | `marquee-members-domain`, in the folder `domain` | the rules |
//! | [`events`] | what clients ask, and what they are told |
//! | [`topology`] | its exchange, its queue, and who consumes that |
//! | `store` | its table |

pub mod events;
#[cfg(feature = "store")]
pub mod store;
pub mod topology;
