//! `push-positions`: tells those who are connected how far the line has come.
//!
//! Everybody in a room is sent the same text, the room's status, from which they compute their position. So
//! a look at a room costs as much for a hundred connections as for none, but for the posts.

mod report;
mod room;

use std::time::Duration;

use futures_util::{StreamExt, stream};
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::config::{self, ConfigError};
use marquee_messaging::sockets::Sockets;
use marquee_waiting_room::store::WaitingRoomStore;
use marquee_waiting_room_domain::ids::SessionId;
pub use report::Report;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How often each connection is posted to, at most.
    pub every: Duration,
    /// Whether a run goes on for as long as it may; otherwise it looks once.
    pub again: bool,
    /// After which a run begins nothing more.
    pub run_for: Duration,
    /// Posts to each room in a second, at most. With more connections than are posted to in `every`, each
    /// waits longer.
    pub posts_per_second: u32,
}

impl Limits {
    /// `PUSH_SECONDS`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            every: config::seconds_or("PUSH_SECONDS", Duration::from_secs(5))?,
            again: true,
            run_for: Duration::from_secs(50),
            posts_per_second: 500,
        })
    }
}

const PAGE_LEN: usize = 100;
const ROOMS_AT_ONCE: usize = 10;

/// # Errors
/// If the list of rooms cannot be read.
pub async fn run(
    store: &WaitingRoomStore,
    sockets: &dyn Sockets,
    clock: &dyn Clock,
    limits: Limits,
) -> Result<Report, StoreError> {
    let until = clock.now() + limits.run_for;
    let run = Run { store, sockets, clock, limits, until, first: Uuid::new_v4() };
    let mut report = Report::default();
    loop {
        let next = Instant::now() + limits.every;
        let in_time = clock.now() + limits.every < until;
        let look = run.look().await?;
        report = report + look;
        // With nobody connected there may be somebody soon; with no room there is not.
        if !limits.again || look.rooms == 0 || !in_time {
            return Ok(report);
        }
        sleep_until(next).await;
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    pub(crate) store: &'a WaitingRoomStore,
    pub(crate) sockets: &'a dyn Sockets,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) limits: Limits,
    pub(crate) until: Timestamp,
    /// Where in a room each look of this run begins. Another run begins elsewhere: if it takes longer
    /// than that to go around, nobody is left out each time.
    pub(crate) first: Uuid,
}

impl Run<'_> {
    /// Goes through all rooms once.
    async fn look(self) -> Result<Report, StoreError> {
        let mut report = Report::default();
        let mut after: Option<String> = None;
        loop {
            let page = self.store.rooms(self.clock.now(), PAGE_LEN, after.as_deref()).await?;
            let rooms = stream::iter(page.items.into_iter().map(|session| self.room(session)));
            let rooms = rooms.buffer_unordered(ROOMS_AT_ONCE);
            report = rooms.fold(report, async |sum, one| sum + one).await;
            after = page.next;
            if after.is_none() || self.clock.now() >= self.until {
                return Ok(report);
            }
        }
    }

    async fn room(self, session: SessionId) -> Report {
        match self.tell_room(session).await {
            Ok(pushes) => Report::of_room(pushes),
            Err(error) => {
                tracing::warn!(%error, %session, "those who are connected were not told");
                Report::of_failed_room()
            }
        }
    }
}
