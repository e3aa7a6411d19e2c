//! Rooms, read once a second, or as often as is set, for all who look by this process.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use lru::LruCache;
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::Timestamp;
use marquee_waiting_room::{store::WaitingRoomStore, views::seen::Seen};
use marquee_waiting_room_domain::ids::SessionId;

/// Those asked for last. The lot of 100,000 visitors takes 800 KB.
const ROOMS_MAX: NonZeroUsize = NonZeroUsize::new(32).unwrap();

/// What is known of a room.
#[derive(Clone, Debug, Default)]
struct Known {
    seen: Option<(Timestamp, Arc<Seen>)>,
    /// Whether it is on record that visitors connect here.
    live: bool,
}

#[derive(Debug)]
pub struct Rooms {
    max_age: Duration,
    known: Mutex<LruCache<SessionId, Known>>,
}

impl Rooms {
    pub fn new(max_age: Duration) -> Self {
        Self { max_age, known: Mutex::new(LruCache::new(ROOMS_MAX)) }
    }

    fn known(&self) -> MutexGuard<'_, LruCache<SessionId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` if the session has none.
    pub(crate) async fn get(
        &self,
        store: &WaitingRoomStore,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Option<Arc<Seen>>, StoreError> {
        let before = self.known().get(&session).and_then(|known| known.seen.clone());
        match before {
            Some((read_at, seen)) if now < read_at + self.max_age => return Ok(Some(seen)),
            _ => {}
        }
        let Some(room) = store.room(session, false).await? else { return Ok(None) };
        let before = before.as_ref().map(|(_, seen)| seen.as_ref());
        let seen = Arc::new(Seen::new(room, before));
        let read = Some((now, Arc::clone(&seen)));
        self.known().get_or_insert_mut(session, Known::default).seen = read;
        Ok(Some(seen))
    }

    /// Puts on record that visitors connect here: once for each process.
    pub(crate) async fn set_live(
        &self,
        store: &WaitingRoomStore,
        session: SessionId,
    ) -> Result<(), StoreError> {
        if self.known().get(&session).is_some_and(|known| known.live) {
            return Ok(());
        }
        store.set_live(session).await?;
        self.known().get_or_insert_mut(session, Known::default).live = true;
        Ok(())
    }
}
