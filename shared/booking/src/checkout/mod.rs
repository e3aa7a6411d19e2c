//! Seats and money together.
//!
//! The money is reserved first, then the seats are decided by one transaction, and only then is money
//! taken: by whoever handles the event of that transaction. So a payment for seats that are lost is
//! withdrawn, and was never taken. What was taken all the same, as by hand at the provider, is given
//! back.
//!
//! | module | what it holds |
//! |---|---|
//! | [`confirm`] | reserve the money and decide the seats |
//! | [`settle`] | do with a payment what has become due, whoever noticed it |

pub mod confirm;
pub mod settle;

use std::sync::Arc;

use marquee_booking_domain::{
    ids::ReservationId,
    reservation::{Reservation, ReservationRefusal},
};
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::Clock;
use marquee_payments::{
    Record,
    settlement::{PaymentError, Payments},
};
use marquee_payments_domain::charge::{Charge, PaymentId};

use crate::store::BookingStore;

#[derive(Clone, Debug)]
pub struct Checkout {
    pub store: BookingStore,
    pub payments: Payments,
    pub clock: Arc<dyn Clock>,
}

/// Why a reservation was not confirmed. `payment` says what became of the payment that came with the
/// request, if it had come to something.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    #[error("there is no such reservation")]
    Unknown,
    #[error("{refusal}")]
    Refused { refusal: ReservationRefusal, payment: Option<Record> },
    #[error("the seats are no longer yours; nothing was taken")]
    SeatsLost { payment: Option<Record> },
    #[error("the hold ran out, and sales have closed since; nothing was taken")]
    SalesClosed { payment: Option<Record> },
    #[error(transparent)]
    Payment(#[from] PaymentError),
    #[error("other requests are changing this reservation; try again")]
    Conflict,
}

impl From<StoreError> for CheckoutError {
    fn from(error: StoreError) -> Self {
        Self::Payment(error.into())
    }
}

impl Checkout {
    async fn find(&self, id: ReservationId) -> Result<Reservation, CheckoutError> {
        self.store.reservation(id).await?.ok_or(CheckoutError::Unknown)
    }

    /// What is on record of the payment that the reservation names.
    pub async fn payment_of(
        &self,
        reservation: &Reservation,
    ) -> Result<Option<Record>, StoreError> {
        match &reservation.payment {
            Some(payment) => self.payments.store.find(&payment.id).await,
            None => Ok(None),
        }
    }

    fn charge(&self, reservation: &Reservation, payment: PaymentId) -> Charge {
        reservation.charge(payment, self.payments.currency)
    }
}
