//! What a seller sets up before anything can be sold.

use crate::{
    ids::{EventId, HallId, LocationId, OrganizerId, PriceTierId, SessionId},
    money::{Money, Multiplier},
    time::Timestamp,
};

/// Fields that a seller sent beyond those we know, as JSON text: kept, and given back as they came.
pub type Details = String;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organizer {
    pub id: OrganizerId,
    pub name: String,
    pub details: Details,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    pub id: LocationId,
    pub name: String,
    pub details: Details,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hall {
    pub id: HallId,
    pub location: LocationId,
    pub name: String,
    pub details: Details,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    pub title: String,
    pub description: String,
    pub event_type: String,
    pub organizer: OrganizerId,
    pub created_at: Timestamp,
}

/// Never changes once it is on sale, so that any function may remember it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub event: EventId,
    pub hall: HallId,
    pub start_time: Timestamp,
    pub end_time: Timestamp,
    pub base_price: Money,
    pub seats_count: usize,
    pub created_at: Timestamp,
}

/// A fare the buyer may choose: for every session, or for one. Never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceTier {
    pub id: PriceTierId,
    pub session: Option<SessionId>,
    pub name: String,
    pub multiplier: Multiplier,
    pub description: String,
    pub created_at: Timestamp,
}

impl PriceTier {
    pub fn serves(&self, session: SessionId) -> bool {
        self.session.is_none_or(|own| own == session)
    }
}
