//! What a reservation says of its payment. What became of the money is on record with the payment
//! itself: see `marquee-payments`.

use marquee_kernel::time::Timestamp;
use marquee_payments_domain::charge::{Charge, Currency, PaymentId, Purpose};

use crate::{ids::ReservationId, reservation::Reservation};

/// What a payment for a reservation is bound to.
pub const RESERVATION: &str = "reservation";

/// The payment by which a reservation was confirmed; of one that is not, the payment that goes back
/// because it came too late, so that the reservation can no longer be confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub id: PaymentId,
    /// When the money was reserved, or found to have come too late.
    pub at: Timestamp,
    /// The hold had run out by then.
    pub late: bool,
}

/// What a payment for this reservation pays for.
pub fn purpose(id: ReservationId) -> Purpose {
    Purpose { kind: RESERVATION, id: id.uuid() }
}

impl Reservation {
    /// Its payment when the buyer names none.
    pub fn own_payment(&self) -> PaymentId {
        PaymentId::own(&purpose(self.id))
    }

    /// What is to be paid for it, by this payment.
    pub fn charge(&self, payment: PaymentId, currency: Currency) -> Charge {
        Charge { payment, purpose: purpose(self.id), amount: self.total(), currency }
    }
}
