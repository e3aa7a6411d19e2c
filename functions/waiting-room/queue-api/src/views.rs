//! What a visitor is told.

use std::{sync::Arc, time::Duration};

use marquee_kernel::{ids::UserId, time::Timestamp};
use marquee_lambda::{
    json::{DateTime, one_of_schema},
    problem::{INTERNAL, Problem},
};
use marquee_passes::{Pass, PassKey};
use marquee_waiting_room::store::entries::Entry;
use marquee_waiting_room_domain::{
    ids::EntryId,
    outlook::{Chance, Outlook},
    phase::Phase,
    visitor::Status,
};
use serde::Serialize;
use utoipa::{ToSchema, openapi::schema::Object};
use uuid::Uuid;

use crate::rooms::Seen;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueueEntry)]
pub(crate) struct EntryView {
    id: Uuid,
    session_id: Uuid,
    #[schema(schema_with = status_schema)]
    status: &'static str,
    /// Where the visitor stands, from which the number follows: see docs/contexts/waiting-room.md.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "e3-000000000041")]
    slot: Option<String>,
    /// The visitor's number, as `serving` of the room's status counts them; missing before the order is
    /// drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    /// 1 for who is next; missing before the order is drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    /// Visitors in front, at most: who has left counts until the line comes to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    ahead: Option<u64>,
    /// Missing while nobody knows how fast the line moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_wait_seconds: Option<u64>,
    /// When to ask again.
    next_poll_seconds: u64,
    /// Whether seats will be left: `low` if those in front are as many as there are seats.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = chance_schema)]
    chance: Option<&'static str>,
    /// For the header `X-Queue-Pass` of `POST /api/v1/reservations`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pass: Option<String>,
    /// Ask again before: the next answer has a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pass_expires_at: Option<DateTime>,
    /// Until when something has to be reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    place_expires_at: Option<DateTime>,
    /// Why it is over, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// From the organizer to everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

fn status_schema() -> Object {
    one_of_schema(Status::NAMES)
}

fn chance_schema() -> Object {
    one_of_schema(Chance::NAMES)
}

/// Seconds between two looks of somebody on the way into the line.
const ON_THE_WAY_SECONDS: u64 = 2;

/// Whom something is told, and what of the room.
pub(crate) struct Told {
    pub(crate) id: EntryId,
    pub(crate) user: UserId,
    pub(crate) seen: Arc<Seen>,
    pub(crate) passes: PassKey,
    pub(crate) pass_for: Duration,
    pub(crate) now: Timestamp,
}

impl Told {
    fn phase(&self) -> Phase {
        self.seen.room.room.phase(&self.seen.room.tally, self.now)
    }

    /// Whether the visitor gets a pass without a place.
    pub(crate) fn need_not_wait(&self) -> bool {
        let phase = self.phase();
        let bypasses = self.seen.room.room.settings.bypass.contains(&self.user);
        phase == Phase::Off || bypasses && !phase.is_over()
    }

    fn view(&self, status: Status) -> EntryView {
        EntryView {
            id: self.id.uuid(),
            session_id: self.seen.room.room.session.uuid(),
            status: status.as_str(),
            slot: None,
            number: None,
            position: None,
            ahead: None,
            estimated_wait_seconds: None,
            next_poll_seconds: ON_THE_WAY_SECONDS,
            chance: None,
            pass: None,
            pass_expires_at: None,
            place_expires_at: None,
            reason: None,
            message: self.seen.room.room.settings.message.clone(),
        }
    }

    /// Taken, and not in the line yet.
    pub(crate) fn on_the_way(&self, now: Timestamp) -> EntryView {
        let opens_at = self.seen.room.room.settings.opens_at;
        let wait = u64::try_from(opens_at.seconds_from(now)).ok().filter(|wait| *wait > 0);
        let next_poll_seconds = wait.map_or(ON_THE_WAY_SECONDS, Outlook::poll_before);
        EntryView { next_poll_seconds, estimated_wait_seconds: wait, ..self.view(Status::Waiting) }
    }

    pub(crate) fn let_through(&self) -> Result<EntryView, Problem> {
        self.with_pass(None, self.now + self.pass_for)
    }

    fn with_pass(&self, place: Option<Uuid>, until: Timestamp) -> Result<EntryView, Problem> {
        let room = &self.seen.room.room;
        let pass = Pass {
            place,
            user: self.user,
            session: room.session.uuid(),
            seats_max: room.settings.seats_per_visitor,
            until,
        };
        let signed = self.passes.sign(&pass).map_err(|error| {
            tracing::error!(%error, "no pass");
            Problem::new(&INTERNAL, "the request failed on our side".into())
        })?;
        // Half of the time that is left: the next pass comes before this one is over.
        let left = u64::try_from(until.seconds_from(self.now)).unwrap_or_default();
        Ok(EntryView {
            next_poll_seconds: (left / 2).max(1),
            pass: Some(signed),
            pass_expires_at: Some(DateTime(until)),
            ..self.view(Status::Admitted)
        })
    }

    /// Whether the entry is over, or will be as soon as somebody looks.
    pub(crate) fn is_over(&self, entry: &Entry) -> bool {
        let ended = entry.place.is_some_and(|place| place.until <= self.now);
        entry.status.is_over() || ended
    }

    pub(crate) fn entry(&self, entry: &Entry) -> Result<EntryView, Problem> {
        let view = self.as_it_is(entry)?;
        Ok(EntryView { slot: Some(entry.slot.to_string()), ..view })
    }

    fn as_it_is(&self, entry: &Entry) -> Result<EntryView, Problem> {
        match (entry.status, entry.place) {
            (Status::Admitted, Some(place)) if self.now < place.until => {
                let until = place.until.min(self.now + self.pass_for);
                let view = self.with_pass(Some(place.id), until)?;
                Ok(EntryView { place_expires_at: Some(DateTime(place.until)), ..view })
            }
            (Status::Admitted, _) => Ok(self.over(Status::Expired)),
            (Status::Waiting, _) => Ok(self.waiting(entry)),
            (status, _) => Ok(self.over(status)),
        }
    }

    fn over(&self, status: Status) -> EntryView {
        let reason = match status {
            Status::Expired => Some("the place was not used in time; join again"),
            _ => None,
        };
        EntryView { reason, next_poll_seconds: Outlook::poll_before(u64::MAX), ..self.view(status) }
    }

    fn waiting(&self, entry: &Entry) -> EntryView {
        let reason = match self.phase() {
            Phase::SoldOut => Some("all seats are sold"),
            Phase::Closed => Some("sales have ended"),
            _ => None,
        };
        if reason.is_some() {
            return EntryView { reason, ..self.over(Status::Expired) };
        }
        let (room, tally) = (&self.seen.room.room, &self.seen.room.tally);
        let lot = self.seen.lot.as_deref();
        let Some(number) = lot.and_then(|lot| lot.number_of(entry.slot)) else {
            return self.on_the_way(self.now);
        };
        let outlook = Outlook::new(number, tally.serving, tally.rate(self.now));
        let chance = outlook.chance(tally.inside, tally.seats_left(room));
        EntryView {
            number: Some(number),
            position: Some(outlook.position),
            ahead: Some(outlook.ahead),
            estimated_wait_seconds: outlook.wait_seconds,
            next_poll_seconds: outlook.next_poll_seconds,
            chance: Some(chance.into()),
            ..self.view(Status::Waiting)
        }
    }
}
