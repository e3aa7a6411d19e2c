//! `admit-visitors`: lets visitors in as the rate and the capacity allow, and ends places that are over.
//!
//! Any number of runs may be at it at once, and `on-room-event` beside them: each finds what the others have
//! begun, and helps to finish it.

mod lines;
mod look;
mod report;

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
pub use lines::Lines;
use look::Look;
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::config::{self, ConfigError};
use marquee_messaging::{publisher::Publisher, sockets::Sockets};
use marquee_waiting_room::{
    push::Push,
    store::{WaitingRoomStore, admission::Duties},
};
use marquee_waiting_room_domain::ids::SessionId;
pub use report::Report;

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

/// What a run works with. What is known of the lines is kept from run to run.
#[derive(Debug)]
pub struct AdmitVisitors {
    pub store: WaitingRoomStore,
    /// Booking hears there of those who are let in and have asked for seats.
    pub publisher: Arc<dyn Publisher>,
    /// Visitors hear there that it is their turn.
    pub sockets: Arc<dyn Sockets>,
    pub clock: Arc<dyn Clock>,
    pub limits: Limits,
    pub lines: Lines,
}

impl AdmitVisitors {
    /// # Errors
    /// If the list of rooms cannot be read.
    pub async fn run(&self) -> Result<Report, StoreError> {
        let until = self.clock.now() + self.limits.run_for;
        let mut report = Report::default();
        loop {
            let look = self.look(until).await?;
            look.emit();
            report = report + look.report;
            match self.limits.poll {
                // With no room there is nothing to wait for.
                Some(pause) if look.rooms > 0 && self.clock.now() + pause < until => {
                    tokio::time::sleep(pause).await;
                }
                _ => return Ok(report),
            }
        }
    }

    /// Goes through all rooms once.
    async fn look(&self, until: Timestamp) -> Result<Look, StoreError> {
        let mut look = Look::default();
        let mut after: Option<String> = None;
        loop {
            let page = self.store.rooms(self.clock.now(), PAGE_LEN, after.as_deref()).await?;
            let rooms = page.items.into_iter().map(|session| self.tend(session, until));
            let rooms = stream::iter(rooms).buffer_unordered(ROOMS_AT_ONCE);
            look = rooms.fold(look, async |sum, one| sum + one).await;
            after = page.next;
            let now = self.clock.now();
            if after.is_none() || now >= until {
                self.lines.tidy(now);
                return Ok(look);
            }
        }
    }

    async fn tend(&self, session: SessionId, until: Timestamp) -> Look {
        let duties = Duties {
            time_outs: true,
            until: Some(until),
            grace: self.limits.grace,
            ..Duties::default()
        };
        let (clock, publisher) = (&*self.clock, &*self.publisher);
        match self.store.tend(session, duties, clock, publisher).await {
            Ok(tended) => {
                let tended = tended.unwrap_or_default();
                let push = Push { store: &self.store, sockets: &*self.sockets, now: clock.now() };
                push.your_turn(session, &tended.let_in).await;
                let slots = match tended.standing.has_line {
                    true => self.lines.slots(&self.store, session, clock.now()).await,
                    false => 0,
                };
                Look::new(tended, slots)
            }
            Err(error) => {
                tracing::warn!(%error, %session, "a room was not looked after");
                Look::failed()
            }
        }
    }
}
