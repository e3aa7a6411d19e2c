//! `queue-socket`: tells visitors over a WebSocket what becomes of their entry.
//!
//! Whoever connects with the `socket_token` of an entry is on record from then on, and is posted to by
//! `admit-visitors`, `on-room-event` and `push-positions`. Whatever a client sends is a look: it is answered
//! with the entry, as `GET …/entries/{entry_id}` shows it. So somebody whose connection was cut connects
//! again, looks, and has missed nothing.

mod rooms;

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use marquee_dynamo::error::StoreError;
use marquee_kernel::{
    problem::{NOT_FOUND, UNAUTHENTICATED},
    time::Clock,
};
use marquee_lambda::socket::{Refusal, SocketHandler};
use marquee_messaging::sockets::Sockets;
use marquee_passes::PassKey;
use marquee_waiting_room::{
    push::Push,
    store::{WaitingRoomStore, sockets::Socket},
    views::{
        entry::{NO_ENTRY, Told},
        pushed::Pushed,
    },
};
use marquee_waiting_room_domain::ids::{EntryId, SessionId};
pub use rooms::Rooms;
use serde_json::Value;

#[derive(Debug)]
pub struct QueueSocket {
    pub store: WaitingRoomStore,
    pub rooms: Rooms,
    pub sockets: Arc<dyn Sockets>,
    pub passes: PassKey,
    /// How long a pass is good that is shown here.
    pub pass_for: Duration,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl SocketHandler for QueueSocket {
    async fn connect(
        &self,
        connection: &str,
        query: &HashMap<String, String>,
    ) -> Result<(), Refusal> {
        let now = self.clock.now();
        let refused = |detail: String| Refusal::new(&UNAUTHENTICATED, detail);
        let token = query.get("token");
        let token = token.ok_or_else(|| {
            refused("token is missing; connect with ?token= and the entry's socket_token".into())
        })?;
        let token = self.passes.verify_token(token, now);
        let token = token.map_err(|error| refused(format!("token {error}")))?;
        let socket = Socket { session: SessionId::new(token.session), user: token.user };
        self.store.connect(connection, socket, now).await.map_err(failed)?;
        self.rooms.set_live(&self.store, socket.session).await.map_err(failed)
    }

    async fn message(&self, connection: &str, _: &str) -> Result<(), Refusal> {
        let text = match self.look(connection).await {
            Ok(entry) => Pushed::Entry { entry }.to_text(),
            Err(refusal) => Pushed::Problem { problem: refusal.to_json() }.to_text(),
        };
        let push = Push { store: &self.store, sockets: &*self.sockets, now: self.clock.now() };
        match push.post(connection, &text).await.failed {
            0 => Ok(()),
            _ => {
                tracing::warn!("a look was not answered");
                Err(Refusal::busy())
            }
        }
    }

    async fn disconnect(&self, connection: &str) -> Result<(), Refusal> {
        self.store.disconnect(connection).await.map_err(failed)
    }
}

impl QueueSocket {
    /// What the visitor who is connected there is told: a read unit, and a share of the room's half.
    async fn look(&self, connection: &str) -> Result<Value, Refusal> {
        let now = self.clock.now();
        let Some(Socket { session, user }) = self.store.socket(connection).await.map_err(failed)?
        else {
            let detail = "this connection is not known any more; connect again";
            return Err(Refusal::new(&UNAUTHENTICATED, detail));
        };
        let no_entry = || Refusal::new(&NOT_FOUND, format!("no such {NO_ENTRY}"));
        let seen = self.rooms.get(&self.store, session, now).await.map_err(failed)?;
        let seen = seen.ok_or_else(no_entry)?;
        let (id, passes) = (EntryId::of(session, user), self.passes.clone());
        let told = Told { id, user, seen, passes, pass_for: self.pass_for, now };
        let view = match told.need_not_wait() {
            true => told.let_through(),
            false => {
                let entry = self.store.entry(id, false).await.map_err(failed)?;
                told.entry(&entry.ok_or_else(no_entry)?)
            }
        };
        let shown = view.map_err(|error| error.to_string());
        let shown =
            shown.and_then(|view| serde_json::to_value(view).map_err(|error| error.to_string()));
        shown.map_err(|error| {
            tracing::error!(error, "an entry cannot be shown");
            Refusal::internal()
        })
    }
}

fn failed(error: StoreError) -> Refusal {
    match error {
        StoreError::Transient { .. } => {
            tracing::warn!(%error, "storage is busy or not reachable");
            Refusal::busy()
        }
        StoreError::Permanent { .. } => {
            tracing::error!(%error, "storage failed");
            Refusal::internal()
        }
    }
}
