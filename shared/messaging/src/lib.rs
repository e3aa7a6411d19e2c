//! Messages and how they travel.
//!
//! | module | what it holds |
//! |---|---|
//! | [`message`] | a body as the outside world sees it, and the metadata beside it |
//! | [`topology`] | the one table of exchanges, queues, consumers and retry limits |
//! | [`publisher`] | the ports: [`publisher::Publisher`], [`publisher::DeadLetters`] and [`publisher::Retries`] |
//! | [`outbox`] | events on their way out of a storage item |
//! | [`trace`] | what ties a request to all that it causes |
//! | [`events`] | the bodies, one module per context |
//! | [`backends`] | one module per broker, each behind a feature of its name |

pub mod backends;
pub mod events;
pub mod message;
pub mod outbox;
pub mod publisher;
pub mod topology;
pub mod trace;
