//! Seat maps that are read once for many: of all who look at a session at the same moment, one reads it,
//! and the others wait for what it finds. A map is given out for a second, or as long as is set.
//!
//! A crowd that looks at a map must not take the table's capacity from those who buy: so the price of
//! looking depends on the number of processes, and not on that of people.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::body::Bytes;
use lru::LruCache;
use marquee_booking_domain::{ids::SessionId, seating::BlockState};
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::problem::{BUSY, Problem};
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout},
};

/// Those looked at last; a map of 10,000 seats takes some 8 MB.
const MAPS_MAX: NonZeroUsize = NonZeroUsize::new(16).unwrap();
/// A few pages of a query, with their retries.
const READ_MAX: Duration = Duration::from_secs(8);

/// A session's seats as one reading found them, and the answers that were made of it.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) blocks: Vec<BlockState>,
    pub(crate) at: Timestamp,
    pub(crate) map: OnceCell<Answer>,
    pub(crate) seats: OnceCell<Answer>,
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) body: Bytes,
    /// Of the answer, not of the data: a hold that runs out changes it with nothing written.
    pub(crate) tag: String,
}

/// What the last reading of a session came to, and when it began.
type Slot = Option<(Instant, Result<Arc<Snapshot>, Problem>)>;

#[derive(Clone, Debug)]
pub struct SeatMaps {
    max_age: Duration,
    slots: Arc<Mutex<LruCache<SessionId, Arc<tokio::sync::Mutex<Slot>>>>>,
}

impl SeatMaps {
    pub fn new(max_age: Duration) -> Self {
        Self { max_age, slots: Arc::new(Mutex::new(LruCache::new(MAPS_MAX))) }
    }

    /// The session's seats, as no more than `max_age` before the call. So whoever waited for a slow
    /// reading shares it. One that failed counts as well: it is not tried again for each who waited.
    pub(crate) async fn get(
        &self,
        session: SessionId,
        clock: &dyn Clock,
        read: impl Future<Output = Result<Vec<BlockState>, StoreError>>,
    ) -> Result<Arc<Snapshot>, Problem> {
        let arrived = Instant::now();
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.get_or_insert(session, Arc::default))
        };
        let mut slot = slot.lock().await;
        if let Some((began, found)) = &*slot
            && arrived.saturating_duration_since(*began) < self.max_age
        {
            return found.clone();
        }
        // After the wait for the slot: seats are shown as of this reading, and not as of the call.
        let (began, at) = (Instant::now(), clock.now());
        let found = match timeout(READ_MAX, read).await {
            Ok(blocks) => blocks.map_err(Problem::from).map(|blocks| {
                let (map, seats) = (OnceCell::new(), OnceCell::new());
                Arc::new(Snapshot { blocks, at, map, seats })
            }),
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
    use uuid::Uuid;

    use super::*;

    /// What tokio's paused clock says.
    #[derive(Debug)]
    struct Paused;

    impl Clock for Paused {
        fn now(&self) -> Timestamp {
            static BEGAN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
            let passed = Instant::now().duration_since(*BEGAN.get_or_init(Instant::now));
            Timestamp::from_millis(i64::try_from(passed.as_millis()).expect("short"))
        }
    }

    /// Reads that take as long as set, and are counted.
    #[derive(Default)]
    struct Table {
        reads: AtomicUsize,
        takes: Duration,
        broken: bool,
    }

    impl Table {
        async fn read(&self) -> Result<Vec<BlockState>, StoreError> {
            self.reads.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(self.takes).await;
            match self.broken {
                true => Err(StoreError::transient("throttled")),
                false => Ok(Vec::new()),
            }
        }

        async fn look(&self, maps: &SeatMaps, session: u128, times: usize) -> Vec<bool> {
            let session = SessionId::new(Uuid::from_u128(session));
            let looks = (0..times).map(|_| maps.get(session, &Paused, self.read()));
            join_all(looks).await.iter().map(Result::is_ok).collect()
        }

        fn reads(&self) -> usize {
            self.reads.load(Ordering::SeqCst)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_who_look_within_a_second_cost_one_read() {
        let (maps, table) = (SeatMaps::new(Duration::from_secs(1)), Table::default());
        assert_eq!(table.look(&maps, 1, 1_000).await, [true; 1_000]);
        tokio::time::advance(Duration::from_millis(900)).await;
        table.look(&maps, 1, 10).await;
        assert_eq!(table.reads(), 1);
        table.look(&maps, 2, 1).await;
        assert_eq!(table.reads(), 2, "another session's map is another");
        tokio::time::advance(Duration::from_millis(200)).await;
        table.look(&maps, 1, 10).await;
        assert_eq!(table.reads(), 3, "no map is older than a second");
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_wait_for_a_slow_read_share_what_it_finds_even_if_that_is_nothing() {
        for broken in [false, true] {
            let maps = SeatMaps::new(Duration::from_secs(1));
            let table = Table { broken, takes: Duration::from_secs(3), ..Table::default() };
            let looks = tokio::time::timeout(Duration::from_secs(4), table.look(&maps, 1, 100));
            assert_eq!(looks.await.expect("one read's time"), [!broken; 100]);
            assert_eq!(table.reads(), 1);
            table.look(&maps, 1, 1).await;
            assert_eq!(table.reads(), 2, "who comes later gets no map that old");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_does_not_end_is_given_up() {
        let maps = SeatMaps::new(Duration::from_secs(1));
        let table = Table { takes: Duration::from_secs(3_600), ..Table::default() };
        let looks = tokio::time::timeout(READ_MAX * 2, table.look(&maps, 1, 10));
        assert_eq!(looks.await.expect("it ends"), [false; 10]);
        assert_eq!(table.reads(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waited_for_a_reading_and_then_reads_sees_seats_as_of_that_moment() {
        let maps = SeatMaps::new(Duration::from_secs(1));
        let slow = Table { takes: Duration::from_secs(3), ..Table::default() };
        let session = SessionId::new(Uuid::from_u128(1));
        let late = async {
            // Too late for the first reading to be young enough, and before it ends.
            tokio::time::sleep(Duration::from_secs(2)).await;
            let arrived = Paused.now();
            let found = maps.get(session, &Paused, slow.read()).await.expect("a reading");
            (arrived, found.at)
        };
        let (_, (arrived, at)) = tokio::join!(maps.get(session, &Paused, slow.read()), late);
        assert_eq!(at.millis() - arrived.millis(), 1_000, "when the first reading had ended");
    }
}
