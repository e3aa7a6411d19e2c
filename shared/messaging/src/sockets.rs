//! The port to those who are connected by a WebSocket.

use std::fmt::Debug;

use async_trait::async_trait;

/// What became of something that was posted to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It is on its way. Nobody knows whether it arrives.
    Sent,
    /// There is no such connection, or not any more. There is none yet, either, until its connecting has
    /// been answered.
    Gone,
}

/// Nobody knows whether it was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing can be posted: {0}")]
pub struct PostError(pub String);

/// Posts texts to connections. Whoever posts must do as well if nothing arrives: a push is a hint.
#[async_trait]
pub trait Sockets: Debug + Send + Sync {
    /// # Errors
    /// If the gateway is not reachable, refuses it, or has too much to do.
    async fn post(&self, connection: &str, text: &str) -> Result<Posted, PostError>;
}
