//! How long the lines are, as far as this process knows.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use marquee_kernel::time::Timestamp;
use marquee_waiting_room::store::WaitingRoomStore;
use marquee_waiting_room_domain::ids::SessionId;

/// A line is looked at this often and not at every look at its room, since that costs a request. Who joins
/// in between is measured then.
const EVERY: Duration = Duration::from_secs(10);

/// The main line's slots of each room, and when they were counted: kept from run to run. Clones are one.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<HashMap<SessionId, (Timestamp, u64)>>>);

impl Lines {
    fn known(&self) -> MutexGuard<'_, HashMap<SessionId, (Timestamp, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// At most one request in ten seconds for each room. If it fails, what was known before: that nobody
    /// can tell how long a line is does not keep anybody out.
    pub(crate) async fn slots(
        &self,
        store: &WaitingRoomStore,
        session: SessionId,
        now: Timestamp,
    ) -> u64 {
        let known = self.known().get(&session).copied();
        match known {
            Some((at, slots)) if now < at + EVERY => return slots,
            _ => {}
        }
        let slots = store.main_slots(session).await.unwrap_or_else(|error| {
            tracing::warn!(%error, %session, "a line was not measured");
            known.map_or(0, |(_, slots)| slots)
        });
        self.known().insert(session, (now, slots));
        slots
    }

    /// Forgets the lines that are not looked at any more.
    pub(crate) fn tidy(&self, now: Timestamp) {
        self.known().retain(|_, (at, _)| now < *at + 12 * EVERY);
    }
}
