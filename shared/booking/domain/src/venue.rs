//! What a seller sets up before anything can be sold.

use marquee_kernel::{
    money::{Money, Multiplier},
    time::Timestamp,
};

use crate::ids::{EventId, HallId, LocationId, OrganizerId, PriceTierId, SessionId};

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
    /// From then on seats may be held.
    pub sales_start: Timestamp,
    /// From then on no more.
    pub sales_end: Timestamp,
    /// Whether seats can only be reserved with a pass from the session's waiting room.
    pub waiting_room: bool,
    pub created_at: Timestamp,
}

/// Why no seat of a session can be held now. A hold made in time may still be paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOnSale {
    #[error("sales open at {0}")]
    NotOpen(Timestamp),
    #[error("sales closed at {0}")]
    Closed(Timestamp),
}

impl Session {
    /// Whether seats may be held at `now`.
    pub fn check_sales(&self, now: Timestamp) -> Result<(), NotOnSale> {
        if now < self.sales_start {
            return Err(NotOnSale::NotOpen(self.sales_start));
        }
        if now >= self.sales_end {
            return Err(NotOnSale::Closed(self.sales_end));
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn seats_are_sold_from_the_first_instant_of_the_sales_to_the_last_before_their_end() {
        let (opens, closes) = (Timestamp::from_millis(1_000), Timestamp::from_millis(2_000));
        let session = Session {
            id: SessionId::new(Uuid::nil()),
            event: EventId::new(Uuid::nil()),
            hall: HallId::new(Uuid::nil()),
            start_time: closes,
            end_time: closes,
            base_price: Money::ZERO,
            seats_count: 1,
            sales_start: opens,
            sales_end: closes,
            waiting_room: false,
            created_at: opens,
        };
        let moment = Duration::from_millis(1);
        assert_eq!(session.check_sales(opens - moment), Err(NotOnSale::NotOpen(opens)));
        assert_eq!(session.check_sales(opens), Ok(()));
        assert_eq!(session.check_sales(closes - moment), Ok(()));
        assert_eq!(session.check_sales(closes), Err(NotOnSale::Closed(closes)));
    }
}
