//! Who may have a seat, and when.
//!
//! ```text
//!            hold                 pin                 sell
//!   Free ───────────▶ Held ───────────▶ Pinned ───────────▶ Sold
//!    ▲                 │  release          (no way back)
//!    └─────────────────┘  or `until` has passed
//! ```
//!
//! A hold ends by itself at its `until`: nothing has to run for the seat to be free again.

use uuid::Uuid;

use crate::time::Timestamp;

/// Who has a claim on a seat, and until when it was first held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The reservation, or the caller of the internal seat endpoints.
    pub owner: Uuid,
    pub until: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SeatState {
    #[default]
    Free,
    /// Somebody's until the claim's `until`.
    Held(Claim),
    /// Paid for; the event that marks it sold is on its way.
    Pinned(Claim),
    Sold(Claim),
}

/// What the seat map shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatStatus {
    Available,
    Reserved,
    Sold,
}

impl SeatStatus {
    pub const ALL: [Self; 3] = [Self::Available, Self::Reserved, Self::Sold];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Reserved => "reserved",
            Self::Sold => "sold",
        }
    }
}

impl SeatState {
    /// The claim that stands at `now`, if one does.
    pub fn live_claim(&self, now: Timestamp) -> Option<Claim> {
        match *self {
            Self::Held(claim) if now < claim.until => Some(claim),
            Self::Pinned(claim) | Self::Sold(claim) => Some(claim),
            Self::Free | Self::Held(_) => None,
        }
    }

    pub fn status(&self, now: Timestamp) -> SeatStatus {
        match (self, self.live_claim(now)) {
            (_, None) => SeatStatus::Available,
            (Self::Sold(_), Some(_)) => SeatStatus::Sold,
            (_, Some(_)) => SeatStatus::Reserved,
        }
    }

    /// Holds the seat for `claim.owner`; `None` while anybody's claim stands, the same owner's
    /// included.
    pub fn hold(self, claim: Claim, now: Timestamp) -> Option<Self> {
        self.live_claim(now).is_none().then_some(Self::Held(claim))
    }

    /// Makes the seat `claim.owner`'s for good: from their own hold, which may have run out, or
    /// from a seat that is free.
    pub fn pin(self, claim: Claim, now: Timestamp) -> Option<Self> {
        let own = self == Self::Held(claim);
        (own || self.live_claim(now).is_none()).then_some(Self::Pinned(claim))
    }

    /// Marks a seat sold that `claim.owner` has pinned, or still holds; `None` if there is
    /// nothing to do, because it is sold already or is no longer theirs.
    pub fn sell(self, claim: Claim) -> Option<Self> {
        let own = self == Self::Held(claim) || self == Self::Pinned(claim);
        own.then_some(Self::Sold(claim))
    }

    /// Frees a seat that `owner` holds. A pinned or sold seat stays as it is.
    pub fn release(self, owner: Uuid) -> Option<Self> {
        match self {
            Self::Held(claim) if claim.owner == owner => Some(Self::Free),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: Claim = Claim { owner: Uuid::from_u128(1), until: Timestamp::from_millis(100) };
    const OTHER: Claim = Claim { owner: Uuid::from_u128(2), until: Timestamp::from_millis(300) };

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_hold_ends_at_the_very_instant_it_was_held_until() {
        let held = SeatState::Held(OWNER);
        assert_eq!(held.hold(OTHER, at(99)), None);
        assert_eq!(held.status(at(99)), SeatStatus::Reserved);
        assert_eq!(held.hold(OTHER, at(100)), Some(SeatState::Held(OTHER)));
        assert_eq!(held.status(at(100)), SeatStatus::Available);
    }

    #[test]
    fn a_late_payment_pins_a_seat_nobody_took_and_none_that_somebody_did() {
        assert!(SeatState::Held(OWNER).pin(OWNER, at(500)).is_some());
        assert!(SeatState::Free.pin(OWNER, at(500)).is_some());
        assert_eq!(SeatState::Held(OTHER).pin(OWNER, at(200)), None);
    }

    #[test]
    fn a_pinned_seat_cannot_be_taken_or_released() {
        let pinned = SeatState::Pinned(OWNER);
        assert_eq!(pinned.hold(OTHER, at(10_000)), None);
        assert_eq!(pinned.release(OWNER.owner), None);
        assert_eq!(pinned.status(at(10_000)), SeatStatus::Reserved);
    }

    #[test]
    fn selling_twice_is_nothing_to_do() {
        let sold = SeatState::Pinned(OWNER).sell(OWNER).expect("was pinned");
        assert_eq!(sold.sell(OWNER), None);
        assert_eq!(sold.status(at(0)), SeatStatus::Sold);
    }
}
