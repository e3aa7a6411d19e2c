//! What never changes is read once: sessions, price tiers, and the plans of blocks.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use marquee_booking_domain::{
    ids::{PriceTierId, SessionId, SessionSeatId},
    seat_ref::SeatPlace,
    seating::SeatBlock,
    venue::{PriceTier, Session},
};

/// A few hundred bytes each.
const SESSIONS_MAX: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
const TIERS_MAX: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
/// About 2 KB each, within 40 MB; more than any one hall has, so that what was just read is there.
const BLOCKS_MAX: NonZeroUsize = NonZeroUsize::new(20_000).unwrap();
/// Sessions with seats whose identifiers were given to us.
const GIVEN_MAX: NonZeroUsize = NonZeroUsize::new(100).unwrap();

pub(super) type GivenIds = Arc<HashMap<SessionSeatId, SeatPlace>>;

#[derive(Debug)]
pub(super) struct Cache {
    pub(super) sessions: Remembered<SessionId, Arc<Session>>,
    pub(super) tiers: Remembered<PriceTierId, Arc<PriceTier>>,
    pub(super) blocks: Remembered<(SessionId, u16), Arc<SeatBlock>>,
    pub(super) given_ids: Remembered<SessionId, GivenIds>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            sessions: Remembered::new(SESSIONS_MAX),
            tiers: Remembered::new(TIERS_MAX),
            blocks: Remembered::new(BLOCKS_MAX),
            given_ids: Remembered::new(GIVEN_MAX),
        }
    }
}

/// The most recently used values, up to a number.
#[derive(Debug)]
pub(super) struct Remembered<K: std::hash::Hash + Eq, V>(Mutex<LruCache<K, V>>);

impl<K: std::hash::Hash + Eq, V: Clone> Remembered<K, V> {
    fn new(capacity: NonZeroUsize) -> Self {
        Self(Mutex::new(LruCache::new(capacity)))
    }

    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub(super) fn put(&self, key: K, value: V) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(key, value);
    }
}
