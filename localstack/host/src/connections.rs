//! Where functions post to who is connected over a WebSocket.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use marquee_messaging::sockets::{PostError, Posted, Sockets};
use tokio::sync::mpsc::{self, error::TrySendError};

/// Posts that wait for a client who does not read.
const OUTBOX_LEN: usize = 64;

/// Who is connected, by the ids that functions know.
#[derive(Clone, Debug, Default)]
pub struct Connections(Arc<Mutex<HashMap<String, mpsc::Sender<String>>>>);

impl Connections {
    fn open(&self) -> MutexGuard<'_, HashMap<String, mpsc::Sender<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is posted there from now on.
    pub(crate) fn add(&self, connection: &str) -> mpsc::Receiver<String> {
        let (outbox, posted) = mpsc::channel(OUTBOX_LEN);
        self.open().insert(connection.to_owned(), outbox);
        posted
    }

    pub(crate) fn remove(&self, connection: &str) {
        self.open().remove(connection);
    }
}

#[async_trait]
impl Sockets for Connections {
    async fn post(&self, connection: &str, text: &str) -> Result<Posted, PostError> {
        let outbox = self.open().get(connection).cloned();
        let Some(outbox) = outbox else { return Ok(Posted::Gone) };
        match outbox.try_send(text.to_owned()) {
            Ok(()) => Ok(Posted::Sent),
            Err(TrySendError::Closed(_)) => Ok(Posted::Gone),
            Err(TrySendError::Full(_)) => Err(PostError("the client does not read".into())),
        }
    }
}
