//! Things that are read once for many: of all who ask for one at the same moment, one reads it, and the others
//! wait for what it finds. It is given out as long as is set.
//!
//! A crowd that looks must not take the table's capacity from those who act: so the price of looking
//! depends on the number of processes, and not on that of people.

use std::{
    hash::Hash,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lru::LruCache;
use tokio::{
    sync::Mutex as AsyncMutex,
    time::{Instant, timeout},
};

use crate::problem::{BUSY, Problem};

/// A few pages of a query, with their retries.
pub const READ_MAX: Duration = Duration::from_secs(8);

/// What the last reading came to, and when it began.
type Reading<V> = Option<(Instant, Result<Arc<V>, Problem>)>;
type Slot<V> = Arc<AsyncMutex<Reading<V>>>;

#[expect(missing_debug_implementations)] // of what it holds
pub struct Snapshots<K: Hash + Eq, V> {
    max_age: Duration,
    slots: Arc<Mutex<LruCache<K, Slot<V>>>>,
}

impl<K: Hash + Eq, V> Clone for Snapshots<K, V> {
    fn clone(&self) -> Self {
        Self { max_age: self.max_age, slots: Arc::clone(&self.slots) }
    }
}

impl<K: Hash + Eq, V> Snapshots<K, V> {
    /// Of the `count` things that were asked for last.
    pub fn new(max_age: Duration, count: NonZeroUsize) -> Self {
        Self { max_age, slots: Arc::new(Mutex::new(LruCache::new(count))) }
    }

    /// The thing as it was no more than the time set before the call. So whoever waited for a slow
    /// reading shares it. One that failed counts as well: it is not tried again for each who waited.
    pub async fn get(
        &self,
        key: K,
        read: impl Future<Output = Result<V, Problem>>,
    ) -> Result<Arc<V>, Problem> {
        let arrived = Instant::now();
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.get_or_insert(key, Arc::default))
        };
        let mut slot = slot.lock().await;
        if let Some((began, found)) = &*slot
            && arrived.saturating_duration_since(*began) < self.max_age
        {
            return found.clone();
        }
        let began = Instant::now();
        let found = match timeout(READ_MAX, read).await {
            Ok(found) => found.map(Arc::new),
            Err(_) => Err(Problem::new(&BUSY, "storage is busy; try again in a moment".into())),
        };
        *slot = Some((began, found.clone()));
        found
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    const COUNT: NonZeroUsize = NonZeroUsize::new(16).expect("not zero");

    /// Reads that take as long as set, and are counted.
    #[derive(Default)]
    struct Table {
        reads: AtomicUsize,
        takes: Duration,
        broken: bool,
    }

    impl Table {
        async fn read(&self) -> Result<usize, Problem> {
            let read = self.reads.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(self.takes).await;
            match self.broken {
                true => Err(Problem::new(&BUSY, "throttled".into())),
                false => Ok(read),
            }
        }

        async fn look(&self, at: &Snapshots<u32, usize>, key: u32, times: usize) -> Vec<bool> {
            let looks = (0..times).map(|_| at.get(key, self.read()));
            join_all(looks).await.iter().map(Result::is_ok).collect()
        }

        fn reads(&self) -> usize {
            self.reads.load(Ordering::SeqCst)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_who_look_within_a_second_cost_one_read() {
        let (at, table) = (Snapshots::new(Duration::from_secs(1), COUNT), Table::default());
        assert_eq!(table.look(&at, 1, 1_000).await, [true; 1_000]);
        tokio::time::advance(Duration::from_millis(900)).await;
        table.look(&at, 1, 10).await;
        assert_eq!(table.reads(), 1);
        table.look(&at, 2, 1).await;
        assert_eq!(table.reads(), 2, "another one is read for itself");
        tokio::time::advance(Duration::from_millis(200)).await;
        table.look(&at, 1, 10).await;
        assert_eq!(table.reads(), 3, "none is older than a second");
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_wait_for_a_slow_read_share_what_it_finds_even_if_that_is_nothing() {
        for broken in [false, true] {
            let at = Snapshots::new(Duration::from_secs(1), COUNT);
            let table = Table { broken, takes: Duration::from_secs(3), ..Table::default() };
            let looks = tokio::time::timeout(Duration::from_secs(4), table.look(&at, 1, 100));
            assert_eq!(looks.await.expect("one read's time"), [!broken; 100]);
            assert_eq!(table.reads(), 1);
            table.look(&at, 1, 1).await;
            assert_eq!(table.reads(), 2, "who comes later gets none that old");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_does_not_end_is_given_up() {
        let at = Snapshots::new(Duration::from_secs(1), COUNT);
        let table = Table { takes: Duration::from_secs(3_600), ..Table::default() };
        let looks = tokio::time::timeout(READ_MAX * 2, table.look(&at, 1, 10));
        assert_eq!(looks.await.expect("it ends"), [false; 10]);
        assert_eq!(table.reads(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waited_for_a_reading_and_is_too_late_for_it_reads_anew() {
        let at = Snapshots::new(Duration::from_secs(1), COUNT);
        let slow = Table { takes: Duration::from_secs(3), ..Table::default() };
        let late = async {
            // Too late for the first reading to be young enough, and before it ends.
            tokio::time::sleep(Duration::from_secs(2)).await;
            at.get(1, slow.read()).await.map(|found| *found).ok()
        };
        let (first, late) = tokio::join!(at.get(1, slow.read()), late);
        assert_eq!((first.map(|found| *found).ok(), late), (Some(0), Some(1)));
    }
}
