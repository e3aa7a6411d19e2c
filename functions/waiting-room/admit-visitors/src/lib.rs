//! `admit-visitors`: lets visitors in as the rate and the capacity allow, and ends places that are over.
//!
//! Any number of runs may be at it at once, and `on-room-event` beside them: each finds what the others have
//! begun, and helps to finish it.

use std::{ops::Add, time::Duration};

use futures_util::{StreamExt, TryStreamExt, stream};
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::{
    config::{self, ConfigError},
    schedule,
};
use marquee_waiting_room::store::{
    WaitingRoomStore,
    admission::{Duties, Tended},
};
use serde::Serialize;

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// After how long a run looks again; `None`: it looks once.
    pub poll: Option<Duration>,
    /// After which a run begins nothing more.
    pub run_for: Duration,
    /// How long a place that is over still counts: an event of what its visitor reserved at the last moment
    /// takes some time.
    pub grace: Duration,
}

impl Limits {
    /// `ADMIT_POLL_SECONDS` and `PLACE_GRACE_SECONDS`.
    ///
    /// # Errors
    /// If a variable cannot be read.
    pub fn from_env() -> Result<Self, ConfigError> {
        let poll = config::seconds_or("ADMIT_POLL_SECONDS", Duration::ZERO)?;
        Ok(Self {
            poll: Some(poll).filter(|poll| !poll.is_zero()),
            run_for: Duration::from_secs(50),
            grace: config::seconds_or("PLACE_GRACE_SECONDS", Duration::from_secs(10))?,
        })
    }
}

const PAGE_LEN: usize = 100;
const ROOMS_AT_ONCE: usize = 10;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub admitted: u32,
    /// Places that ended.
    pub freed: u32,
    /// Slots in which nobody waited.
    pub passed_over: u32,
    /// Rooms that could not be looked after: the next run does.
    pub failed: usize,
}

impl Add for Report {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            admitted: self.admitted + other.admitted,
            freed: self.freed + other.freed,
            passed_over: self.passed_over + other.passed_over,
            failed: self.failed + other.failed,
        }
    }
}

impl From<Tended> for Report {
    fn from(tended: Tended) -> Self {
        let Tended { admitted, freed, passed_over, .. } = tended;
        Self { admitted, freed, passed_over, failed: 0 }
    }
}

impl schedule::Report for Report {
    fn failed(&self) -> usize {
        self.failed
    }
}

/// # Errors
/// If the list of rooms cannot be read.
pub async fn run(
    store: &WaitingRoomStore,
    clock: &dyn Clock,
    limits: Limits,
) -> Result<Report, StoreError> {
    let until = clock.now() + limits.run_for;
    let mut report = Report::default();
    loop {
        let (rooms, look) = look(store, clock, limits, until).await?;
        report = report + look;
        match limits.poll {
            // With no room there is nothing to wait for.
            Some(pause) if rooms > 0 && clock.now() + pause < until => {
                tokio::time::sleep(pause).await;
            }
            _ => return Ok(report),
        }
    }
}

/// Goes through all rooms once, and says how many there are.
async fn look(
    store: &WaitingRoomStore,
    clock: &dyn Clock,
    limits: Limits,
    until: Timestamp,
) -> Result<(usize, Report), StoreError> {
    let (mut rooms, mut report) = (0, Report::default());
    let mut after: Option<String> = None;
    loop {
        let page = store.rooms(clock.now(), PAGE_LEN, after.as_deref()).await?;
        rooms += page.items.len();
        let tended = page.items.into_iter().map(|session| async move {
            let until = Some(until);
            let duties =
                Duties { time_outs: true, until, grace: limits.grace, ..Duties::default() };
            match store.tend(session, duties, clock).await {
                Ok(tended) => Ok(tended.unwrap_or_default().into()),
                Err(error) => {
                    tracing::warn!(%error, %session, "a room was not looked after");
                    Ok::<_, StoreError>(Report { failed: 1, ..Report::default() })
                }
            }
        });
        let tended = stream::iter(tended).buffer_unordered(ROOMS_AT_ONCE);
        report = tended.try_fold(report, async |sum, one| Ok(sum + one)).await?;
        after = page.next;
        if after.is_none() || clock.now() >= until {
            return Ok((rooms, report));
        }
    }
}
