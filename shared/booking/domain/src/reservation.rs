//! A reservation: a hold on seats, and what becomes of it.
//!
//! ```text
//!             pay in time                         late payment, seats still free
//!   active ───────────────▶ confirmed ◀─────────────────────────── expired
//!     │ ╲  10 minutes                                                 ▲
//!     │  ╲────────────────────────────────────────────────────────────╯
//!     ╰──▶ cancelled
//! ```

use std::{collections::BTreeMap, time::Duration};

use marquee_kernel::{ids::UserId, money::Money, time::Timestamp};
use marquee_payments_domain::charge::{Charge, Currency, PaymentId};
use uuid::Uuid;

use crate::{
    check_in::CheckIn,
    ids::{PriceTierId, ReservationId, SessionId, SessionSeatId},
    payment::{Payment, purpose},
    seat::Claim,
    seat_ref::SeatPlace,
};

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantNames,
)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum ReservationStatus {
    Active,
    Confirmed,
    Expired,
    Cancelled,
}

impl ReservationStatus {
    pub const NAMES: &[&str] = <Self as strum::VariantNames>::VARIANTS;
}

/// One seat of a reservation, at the price it was held for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservedSeat {
    pub place: SeatPlace,
    pub session_seat_id: SessionSeatId,
    pub row_number: String,
    pub seat_number: String,
    pub price: Money,
    pub price_tier: Option<PriceTierId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    pub id: ReservationId,
    pub user: UserId,
    pub session: SessionId,
    /// The place in the session's waiting room that it was made from.
    pub place: Option<Uuid>,
    pub seats: Vec<ReservedSeat>,
    pub status: ReservationStatus,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub updated_at: Timestamp,
    pub payment: Option<Payment>,
    pub check_ins: BTreeMap<usize, CheckIn>,
}

/// What a confirmation may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// Take the payment and confirm the seats. `late`: the hold has run out, so the seats may be gone.
    Proceed { late: bool },
    /// It was confirmed before, by this payment or by an unnamed one: answer as then.
    AlreadyDone,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReservationRefusal {
    #[error("the hold ran out at {0}; make a new reservation")]
    Expired(Timestamp),
    #[error("the reservation was cancelled")]
    Cancelled,
    #[error("the reservation is confirmed already")]
    Confirmed,
    #[error("the payment for this reservation came too late and goes back; make a new reservation")]
    TooLate,
}

impl Reservation {
    /// A fresh hold, made at `now`.
    pub fn hold(
        id: ReservationId,
        user: UserId,
        session: SessionId,
        seats: Vec<ReservedSeat>,
        now: Timestamp,
        hold_for: Duration,
    ) -> Self {
        Self {
            id,
            user,
            session,
            place: None,
            seats,
            status: ReservationStatus::Active,
            created_at: now,
            expires_at: now + hold_for,
            updated_at: now,
            payment: None,
            check_ins: BTreeMap::new(),
        }
    }

    /// The claim this reservation has, or had, on each of its seats.
    pub fn claim(&self) -> Claim {
        Claim { owner: self.id.uuid(), until: self.expires_at }
    }

    pub fn total(&self) -> Money {
        self.seats.iter().map(|seat| seat.price).sum()
    }

    /// Its payment when the buyer names none.
    pub fn own_payment(&self) -> PaymentId {
        PaymentId::own(&purpose(self.id))
    }

    /// What is to be paid for it, by this payment.
    pub fn charge(&self, payment: PaymentId, currency: Currency) -> Charge {
        Charge { payment, purpose: purpose(self.id), amount: self.total(), currency }
    }

    /// The status as of `now`: a hold that has run out is expired, swept or not.
    pub fn status_at(&self, now: Timestamp) -> ReservationStatus {
        match self.status {
            ReservationStatus::Active if now >= self.expires_at => ReservationStatus::Expired,
            status => status,
        }
    }

    /// Whether it may be confirmed at `now`. Only a payment that has a name may come late: with
    /// none, the buyer has not paid yet, and is not asked to for seats that may be gone.
    pub fn confirmation(
        &self,
        payment: Option<&PaymentId>,
        now: Timestamp,
    ) -> Result<Confirmation, ReservationRefusal> {
        match self.status_at(now) {
            // A payment on record of what is not confirmed is one that goes back.
            ReservationStatus::Active | ReservationStatus::Expired if self.payment.is_some() => {
                Err(ReservationRefusal::TooLate)
            }
            ReservationStatus::Active => Ok(Confirmation::Proceed { late: false }),
            ReservationStatus::Expired if payment.is_some() => {
                Ok(Confirmation::Proceed { late: true })
            }
            ReservationStatus::Expired => Err(ReservationRefusal::Expired(self.expires_at)),
            ReservationStatus::Cancelled => Err(ReservationRefusal::Cancelled),
            ReservationStatus::Confirmed => {
                let same =
                    |given: &PaymentId| self.payment.as_ref().is_some_and(|p| p.id == *given);
                match payment.is_none_or(same) {
                    true => Ok(Confirmation::AlreadyDone),
                    false => Err(ReservationRefusal::Confirmed),
                }
            }
        }
    }

    /// Whether it may be cancelled at `now`; `false` if that was done before.
    pub fn cancellation(&self, now: Timestamp) -> Result<bool, ReservationRefusal> {
        match self.status_at(now) {
            ReservationStatus::Active => Ok(true),
            ReservationStatus::Cancelled => Ok(false),
            ReservationStatus::Expired => Err(ReservationRefusal::Expired(self.expires_at)),
            ReservationStatus::Confirmed => Err(ReservationRefusal::Confirmed),
        }
    }

    /// Whether the sweeper should mark it expired.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.status == ReservationStatus::Active && now >= self.expires_at
    }

    /// Seats this reservation keeps from others by an unpaid hold, as of `now`.
    pub fn live_seats(&self, now: Timestamp) -> usize {
        match self.status_at(now) {
            ReservationStatus::Active => self.seats.len(),
            _ => 0,
        }
    }
}
