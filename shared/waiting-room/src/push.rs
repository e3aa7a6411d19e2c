//! Telling those who are connected. A push is a hint: whoever misses it learns the same by asking. So
//! nothing here fails, and nothing takes long.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use marquee_kernel::time::Timestamp;
use marquee_messaging::sockets::{Posted, Sockets};
use marquee_waiting_room_domain::ids::{EntryId, SessionId};

use crate::{store::WaitingRoomStore, views::pushed::Pushed};

/// For all who are let in at a time: those who are not told by then will ask.
const YOUR_TURN_MAX: Duration = Duration::from_secs(2);
const AT_ONCE: usize = 50;

/// What became of pushes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pushes {
    pub sent: u32,
    /// To connections that are no more. They are forgotten.
    pub gone: u32,
    pub failed: u32,
}

impl std::ops::Add for Pushes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            gone: self.gone + other.gone,
            failed: self.failed + other.failed,
        }
    }
}

/// What it takes to push.
#[derive(Clone, Copy, Debug)]
pub struct Push<'a> {
    pub store: &'a WaitingRoomStore,
    pub sockets: &'a dyn Sockets,
    pub now: Timestamp,
}

impl Push<'_> {
    /// To one connection.
    pub async fn post(self, connection: &str, text: &str) -> Pushes {
        match self.sockets.post(connection, text).await {
            Ok(Posted::Sent) => Pushes { sent: 1, ..Pushes::default() },
            Ok(Posted::Gone) => {
                if let Err(error) = self.store.forget(connection, self.now).await {
                    tracing::warn!(%error, "a connection that is gone was not forgotten");
                }
                Pushes { gone: 1, ..Pushes::default() }
            }
            Err(error) => {
                tracing::debug!(%error, "a push failed");
                Pushes { failed: 1, ..Pushes::default() }
            }
        }
    }

    /// The same to all of these.
    pub async fn post_all(self, connections: &[String], text: &str) -> Pushes {
        let posts: Vec<_> = connections.iter().map(|to| self.post(to, text)).collect();
        let posts = stream::iter(posts).buffer_unordered(AT_ONCE);
        posts.fold(Pushes::default(), async |sum, one| sum + one).await
    }

    /// To visitors who have just been let in: half a read unit each.
    pub async fn your_turn(self, session: SessionId, let_in: &[EntryId]) -> Pushes {
        if let_in.is_empty() {
            return Pushes::default();
        }
        let told: Vec<_> = let_in.iter().map(|entry| self.your_turn_of(session, *entry)).collect();
        let told = stream::iter(told).buffer_unordered(AT_ONCE);
        let mut pushes = Pushes::default();
        let all = told.for_each(|one| {
            pushes = pushes + one;
            std::future::ready(())
        });
        let in_time = tokio::time::timeout(YOUR_TURN_MAX, all).await.is_ok();
        if !in_time || pushes.failed > 0 {
            tracing::warn!(%session, ?pushes, in_time, "not everybody was told that they are let in");
        }
        pushes
    }

    async fn your_turn_of(self, session: SessionId, entry: EntryId) -> Pushes {
        match self.store.sockets_of(session, entry).await {
            Ok(connections) => {
                let text = Pushed::YourTurn { entry_id: entry.uuid() }.to_text();
                self.post_all(&connections, &text).await
            }
            Err(error) => {
                tracing::debug!(%error, "nobody knows whether the visitor is connected");
                Pushes { failed: 1, ..Pushes::default() }
            }
        }
    }
}
