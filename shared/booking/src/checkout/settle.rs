//! Doing with a payment what has become due.
//!
//! It may be called at any time, any number of times and by several at once: by the event of what
//! became of the reservation, by the provider's notification of the payment, and by whoever looks
//! through what is due. What the reservation is decides, and not what the caller was told.

use marquee_booking_domain::{
    ids::ReservationId,
    reservation::{Reservation, ReservationStatus},
};
use marquee_payments_domain::charge::PaymentId;

use super::{Checkout, CheckoutError, confirm::Means};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The money is taken, or on record as due.
    Captured,
    /// It was paid for and nobody had confirmed it: it is confirmed now.
    Confirmed,
    /// The payment is withdrawn or given back, or on record as due.
    GivenBack,
    /// The reservation can still be paid for, and is not.
    Nothing,
}

impl Checkout {
    /// Settles every payment that the reservation leads to: the one that it names, and its own.
    pub async fn settle_all(&self, id: ReservationId) -> Result<(), CheckoutError> {
        let reservation = self.find(id).await?;
        let own = reservation.own_payment();
        let named = reservation.payment.as_ref().map(|payment| payment.id.clone());
        if let Some(named) = named.filter(|named| *named != own) {
            self.settle_one(reservation.clone(), named).await?;
        }
        self.settle_one(reservation, own).await.map(drop)
    }

    /// Settles one payment for a reservation.
    pub async fn settle(
        &self,
        id: ReservationId,
        payment: PaymentId,
    ) -> Result<Settled, CheckoutError> {
        let reservation = self.find(id).await?;
        self.settle_one(reservation, payment).await
    }

    async fn settle_one(
        &self,
        reservation: Reservation,
        payment: PaymentId,
    ) -> Result<Settled, CheckoutError> {
        let now = self.clock.now();
        let charge = self.charge(&reservation, payment);
        let named = reservation.payment.as_ref().map(|payment| &payment.id);
        match (reservation.status, named) {
            (ReservationStatus::Confirmed, Some(by)) if *by == charge.payment => {
                self.payments.capture(&charge, now).await?;
                Ok(Settled::Captured)
            }
            // It is paid for by another payment, or beyond being paid for.
            (ReservationStatus::Confirmed | ReservationStatus::Cancelled, _) | (_, Some(_)) => {
                self.payments.give_back(&charge, now).await?;
                Ok(Settled::GivenBack)
            }
            (ReservationStatus::Active | ReservationStatus::Expired, None) => {
                if !self.payments.stands(&charge).await? {
                    return Ok(Settled::Nothing);
                }
                let means = Means { payment: Some(charge.payment), method: None };
                match self.confirm(reservation, &means).await {
                    Ok(_) => Ok(Settled::Confirmed),
                    Err(
                        CheckoutError::Refused { .. }
                        | CheckoutError::SeatsLost { .. }
                        | CheckoutError::SalesClosed { .. },
                    ) => Ok(Settled::GivenBack),
                    Err(error) => Err(error),
                }
            }
        }
    }
}
