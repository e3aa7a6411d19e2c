//! Who may have a seat, and when.
//!
//! ```text
//!            hold              confirm                sell
//!   Free ───────────▶ Held ───────────▶ Confirmed ───────────▶ Sold
//!    ▲                 │  release            (no way back)
//!    └─────────────────┘  or `until` has passed
//! ```
//!
//! Two ways are not drawn: a late payment confirms a seat that is free again, and another service sells
//! what it holds.
//!
//! A hold ends by itself at its `until`: nothing has to run for the seat to be free again.

use marquee_kernel::time::Timestamp;
use uuid::Uuid;

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
    Confirmed(Claim),
    Sold(Claim),
}

/// What the seat map shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum SeatStatus {
    Available,
    Reserved,
    Sold,
}

impl SeatStatus {
    pub const NAMES: &[&str] = <Self as strum::VariantNames>::VARIANTS;
}

impl SeatState {
    /// The claim that stands at `now`, if one does.
    pub fn live_claim(&self, now: Timestamp) -> Option<Claim> {
        match *self {
            Self::Held(claim) if now < claim.until => Some(claim),
            Self::Confirmed(claim) | Self::Sold(claim) => Some(claim),
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
}

/// What a seat must be for it to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Exactly one of these,
    pub any_of: Vec<SeatState>,
    /// or with no claim that stands at that instant.
    pub or_free_at: Option<Timestamp>,
}

/// A change of a seat. Storage writes it as one conditional update: the condition is `from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    pub from: Expected,
    pub to: SeatState,
}

impl Transition {
    /// Holds a seat on which nobody's claim stands, the same owner's included.
    pub fn hold(claim: Claim, now: Timestamp) -> Self {
        let from = Expected { any_of: Vec::new(), or_free_at: Some(now) };
        Self { from, to: SeatState::Held(claim) }
    }

    /// Makes the seat the claim's for good: from its own hold, which may have run out, or from a
    /// seat that is free.
    pub fn confirm(claim: Claim, now: Timestamp) -> Self {
        let from = Expected { any_of: vec![SeatState::Held(claim)], or_free_at: Some(now) };
        Self { from, to: SeatState::Confirmed(claim) }
    }

    /// Marks a seat sold that the claim has confirmed, or still holds.
    pub fn sell(claim: Claim) -> Self {
        let any_of = vec![SeatState::Confirmed(claim), SeatState::Held(claim)];
        Self { from: Expected { any_of, or_free_at: None }, to: SeatState::Sold(claim) }
    }

    /// Frees a seat that the claim holds. One that is confirmed or sold stays as it is.
    pub fn release(claim: Claim) -> Self {
        let any_of = vec![SeatState::Held(claim)];
        Self { from: Expected { any_of, or_free_at: None }, to: SeatState::Free }
    }

    /// Changes a seat from exactly what it was seen to be.
    pub fn exactly(state: SeatState, to: SeatState) -> Self {
        Self { from: Expected { any_of: vec![state], or_free_at: None }, to }
    }

    /// What the seat is afterwards; `None` if it does not change.
    pub fn apply(&self, state: SeatState) -> Option<SeatState> {
        let Expected { any_of, or_free_at } = &self.from;
        let free = or_free_at.is_some_and(|now| state.live_claim(now).is_none());
        (free || any_of.contains(&state)).then_some(self.to)
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
        assert_eq!(Transition::hold(OTHER, at(99)).apply(held), None);
        assert_eq!(held.status(at(99)), SeatStatus::Reserved);
        assert_eq!(Transition::hold(OTHER, at(100)).apply(held), Some(SeatState::Held(OTHER)));
        assert_eq!(held.status(at(100)), SeatStatus::Available);
    }

    #[test]
    fn a_late_payment_confirms_a_seat_nobody_took_and_none_that_somebody_did() {
        let confirm = Transition::confirm(OWNER, at(500));
        assert!(confirm.apply(SeatState::Held(OWNER)).is_some());
        assert!(confirm.apply(SeatState::Free).is_some());
        assert_eq!(Transition::confirm(OWNER, at(200)).apply(SeatState::Held(OTHER)), None);
    }

    #[test]
    fn a_confirmed_seat_cannot_be_taken_or_released() {
        let confirmed = SeatState::Confirmed(OWNER);
        assert_eq!(Transition::hold(OTHER, at(10_000)).apply(confirmed), None);
        assert_eq!(Transition::release(OWNER).apply(confirmed), None);
        assert_eq!(confirmed.status(at(10_000)), SeatStatus::Reserved);
    }

    #[test]
    fn selling_twice_is_nothing_to_do() {
        let sell = Transition::sell(OWNER);
        let sold = sell.apply(SeatState::Confirmed(OWNER)).expect("was confirmed");
        assert_eq!(sell.apply(sold), None);
        assert_eq!(sold.status(at(0)), SeatStatus::Sold);
    }
}
