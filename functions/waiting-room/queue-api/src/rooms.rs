//! Rooms, read once a second, or as often as is set, for all who ask in this process.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lru::LruCache;
use marquee_lambda::{problem::Problem, snapshots::Snapshots};
use marquee_waiting_room::{store::WaitingRoomStore, views::seen::Seen};
use marquee_waiting_room_domain::ids::SessionId;

/// Those asked for last. The lot of 100,000 visitors takes 800 KB.
const ROOMS_MAX: NonZeroUsize = NonZeroUsize::new(32).unwrap();

#[derive(Clone)]
pub struct Rooms {
    max_age: Duration,
    snapshots: Snapshots<SessionId, Option<Arc<Seen>>>,
    /// What was seen last of each, however long ago: for the lot, which is drawn once, and for when the room
    /// cannot be read.
    known: Arc<Mutex<LruCache<SessionId, Arc<Seen>>>>,
}

impl std::fmt::Debug for Rooms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rooms").field("max_age", &self.max_age).finish_non_exhaustive()
    }
}

impl Rooms {
    pub fn new(max_age: Duration) -> Self {
        let known = Arc::new(Mutex::new(LruCache::new(ROOMS_MAX)));
        Self { max_age, snapshots: Snapshots::new(max_age, ROOMS_MAX), known }
    }

    pub(crate) fn max_age(&self) -> Duration {
        self.max_age
    }

    /// # Errors
    /// 404 if the session has none.
    pub(crate) async fn get(
        &self,
        store: &WaitingRoomStore,
        session: SessionId,
    ) -> Result<Arc<Seen>, Problem> {
        let read = async {
            let Some(room) = store.room(session, false).await? else { return Ok(None) };
            let before = self.last_known(session);
            let seen = Arc::new(Seen::new(room, before.as_deref()));
            self.lock().put(session, Arc::clone(&seen));
            Ok(Some(seen))
        };
        let seen = self.snapshots.get(session, read).await?;
        Option::clone(&seen).ok_or_else(no_room)
    }

    /// As it was when it could be read.
    pub(crate) fn last_known(&self, session: SessionId) -> Option<Arc<Seen>> {
        self.lock().get(&session).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<SessionId, Arc<Seen>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn no_room() -> Problem {
    Problem::not_found(
        "waiting room: a session has one if it was created with waiting_room, soon after",
    )
}
