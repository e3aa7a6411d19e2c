//! Messages and how they travel.
//!
//! | module | what it holds |
//! |---|---|
//! | [`message`] | a body as the outside world sees it, and the metadata beside it |
//! | [`topology`] | exchanges, queues, consumers and retry limits, of which each context says its part |
//! | [`publisher`] | the ports: [`publisher::Publisher`], [`publisher::DeadLetters`], [`publisher::Retries`] and [`publisher::Replies`] |
//! | [`sockets`] | the port to those who are connected by a WebSocket |
//! | [`outbox`] | events on their way out of a storage item |
//! | [`stored`] | how such an event is kept |
//! | [`trace`] | what ties a request to all that it causes |
//! | [`backends`] | one module per broker, and one for WebSockets, each behind a feature of its name |

pub mod backends;
pub mod message;
pub mod outbox;
pub mod publisher;
pub mod sockets;
pub mod stored;
pub mod topology;
pub mod trace;
