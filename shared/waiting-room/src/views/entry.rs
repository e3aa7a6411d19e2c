//! What a visitor is told.

use std::{sync::Arc, time::Duration};

use marquee_kernel::{ids::UserId, time::Timestamp};
use marquee_passes::{EntryToken, Pass, PassKey, SigningError};
use marquee_waiting_room_domain::{
    ids::EntryId,
    outlook::{Chance, Outlook},
    phase::Phase,
    visitor::Status,
};
use serde::Serialize;
use uuid::Uuid;

use super::seen::Seen;
use crate::store::entries::Entry;

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = QueueEntry))]
pub struct EntryView {
    id: Uuid,
    session_id: Uuid,
    #[cfg_attr(feature = "openapi", schema(schema_with = status_schema))]
    status: &'static str,
    /// Where the visitor stands, from which the number follows: see docs/contexts/waiting-room.md.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "e3-000000000041"))]
    slot: Option<String>,
    /// With it, connect for live updates: see docs/contexts/waiting-room.md. Missing once it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    socket_token: Option<String>,
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
    #[cfg_attr(feature = "openapi", schema(schema_with = chance_schema))]
    chance: Option<&'static str>,
    /// For the header `X-Queue-Pass` of `POST /api/v1/reservations`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pass: Option<String>,
    /// Ask again before: the next answer has a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pass_expires_at: Option<String>,
    /// Until when something has to be reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    place_expires_at: Option<String>,
    /// What was reserved with the place, and is to be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    reservation_id: Option<Uuid>,
    /// Why what was asked for could not be booked. The pass is still good for other seats.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    /// Why it is over, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// From the organizer to everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[cfg(feature = "openapi")]
fn status_schema() -> utoipa::openapi::schema::Object {
    super::one_of(Status::NAMES)
}

#[cfg(feature = "openapi")]
fn chance_schema() -> utoipa::openapi::schema::Object {
    super::one_of(Chance::NAMES)
}

/// What is not found where somebody has none.
pub const NO_ENTRY: &str = "entry of yours; who has just joined is here a second or two later";

/// Seconds between two looks of somebody on the way into the line.
const ON_THE_WAY_SECONDS: u64 = 2;

/// Whom something is told, and what of the room.
#[derive(Debug)]
pub struct Told {
    pub id: EntryId,
    pub user: UserId,
    pub seen: Arc<Seen>,
    pub passes: PassKey,
    pub pass_for: Duration,
    pub now: Timestamp,
}

impl Told {
    fn phase(&self) -> Phase {
        self.seen.room.room.phase(&self.seen.room.tally, self.now)
    }

    /// Whether the visitor gets a pass without a place.
    pub fn need_not_wait(&self) -> bool {
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
            socket_token: (!status.is_over()).then(|| self.socket_token()).flatten(),
            number: None,
            position: None,
            ahead: None,
            estimated_wait_seconds: None,
            next_poll_seconds: ON_THE_WAY_SECONDS,
            chance: None,
            pass: None,
            pass_expires_at: None,
            place_expires_at: None,
            reservation_id: None,
            refusal: None,
            reason: None,
            message: self.seen.room.room.settings.message.clone(),
        }
    }

    /// With which the visitor connects. Without one, they ask.
    fn socket_token(&self) -> Option<String> {
        let room = &self.seen.room.room;
        let token = EntryToken::new(self.user, room.session.uuid(), room.sales_end, self.now);
        self.passes.sign_token(&token).ok()
    }

    /// Taken, and not in the line yet.
    pub fn on_the_way(&self, now: Timestamp) -> EntryView {
        let opens_at = self.seen.room.room.settings.opens_at;
        let wait = u64::try_from(opens_at.seconds_from(now)).ok().filter(|wait| *wait > 0);
        let next_poll_seconds = wait.map_or(ON_THE_WAY_SECONDS, Outlook::poll_before);
        EntryView { next_poll_seconds, estimated_wait_seconds: wait, ..self.view(Status::Waiting) }
    }

    pub fn let_through(&self) -> Result<EntryView, SigningError> {
        self.with_pass(None, self.now + self.pass_for)
    }

    fn with_pass(&self, place: Option<Uuid>, until: Timestamp) -> Result<EntryView, SigningError> {
        let room = &self.seen.room.room;
        let pass = Pass {
            place,
            user: self.user,
            session: room.session.uuid(),
            seats_max: room.settings.seats_per_visitor,
            until,
        };
        let signed = self.passes.sign(&pass)?;
        // Half of the time that is left: the next pass comes before this one is over.
        let left = u64::try_from(until.seconds_from(self.now)).unwrap_or_default();
        Ok(EntryView {
            next_poll_seconds: (left / 2).max(1),
            pass: Some(signed),
            pass_expires_at: Some(until.to_string()),
            ..self.view(Status::Admitted)
        })
    }

    /// Whether the entry is over, or will be as soon as somebody looks.
    pub fn is_over(&self, entry: &Entry) -> bool {
        let ended = entry.place.is_some_and(|place| place.until <= self.now);
        entry.status.is_over() || ended
    }

    pub fn entry(&self, entry: &Entry) -> Result<EntryView, SigningError> {
        let view = self.as_it_is(entry)?;
        Ok(EntryView {
            slot: Some(entry.slot.to_string()),
            reservation_id: entry.reservation,
            refusal: entry.refused.clone(),
            ..view
        })
    }

    pub fn number(&self, entry: &Entry) -> Option<u64> {
        self.seen.lot.as_deref()?.number_of(entry.slot)
    }

    fn as_it_is(&self, entry: &Entry) -> Result<EntryView, SigningError> {
        match (entry.status, entry.place) {
            (Status::Admitted, Some(place)) if self.now < place.until => {
                let until = place.until.min(self.now + self.pass_for);
                let view = self.with_pass(Some(place.id), until)?;
                Ok(EntryView { place_expires_at: Some(place.until.to_string()), ..view })
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
        let Some(number) = self.number(entry) else {
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
