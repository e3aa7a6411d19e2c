//! What a reservation says of its payment. What became of the money is on record with the payment
//! itself: see `marquee-payments`.

use marquee_kernel::time::Timestamp;
use marquee_payments_domain::charge::{PaymentId, Purpose};

use crate::ids::ReservationId;

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
