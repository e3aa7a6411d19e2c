//! Reserving the money, and deciding the seats.

use marquee_booking_domain::{
    payment::Payment,
    reservation::{Confirmation, Reservation, ReservationRefusal},
    venue::NotOnSale,
};
use marquee_kernel::time::Timestamp;
use marquee_payments::{Record, settlement::Finder};
use marquee_payments_domain::{
    charge::{Charge, PaymentId},
    provider::Begun,
};

use super::{Checkout, CheckoutError};
use crate::store::confirmations::ConfirmOutcome;

/// Tries at a change that conflicts with other requests' each time.
const TRIES_MAX: u32 = 5;

/// How the buyer pays.
#[derive(Clone, Debug, Default)]
pub struct Means {
    /// The payment, if the buyer names one; otherwise the reservation's own.
    pub payment: Option<PaymentId>,
    /// What the provider is to charge, if the buyer has not paid there already.
    pub method: Option<String>,
}

impl Checkout {
    /// Prepares the reservation's own payment, for the buyer to make at the provider.
    pub async fn begin(&self, reservation: &Reservation) -> Result<(Charge, Begun), CheckoutError> {
        let now = self.clock.now();
        match reservation.confirmation(None, now) {
            Ok(Confirmation::Proceed { .. }) => {}
            Ok(Confirmation::AlreadyDone) => {
                let (refusal, payment) = (ReservationRefusal::Confirmed, None);
                return Err(CheckoutError::Refused { refusal, payment });
            }
            Err(refusal) => return Err(CheckoutError::Refused { refusal, payment: None }),
        }
        let charge = self.charge(reservation, reservation.own_payment());
        Ok(self.payments.begin(&charge, now).await?)
    }

    /// Confirms a reservation that can be paid for: at most one payment confirms it, and whichever
    /// else comes with a request goes back.
    pub async fn confirm(
        &self,
        mut reservation: Reservation,
        means: &Means,
    ) -> Result<Reservation, CheckoutError> {
        let mut given = means.payment.clone();
        let mut reserved: Option<Charge> = None;
        for attempt in 0..TRIES_MAX {
            if attempt > 0 {
                // Another request changed it in between: what it is now decides.
                reservation = self.find(reservation.id).await?;
            }
            let now = self.clock.now();
            let late = match reservation.confirmation(given.as_ref(), now) {
                Ok(Confirmation::AlreadyDone) => {
                    self.let_go_of_another(&reservation, reserved, now).await?;
                    return Ok(reservation);
                }
                Ok(Confirmation::Proceed { late }) => late,
                Err(ReservationRefusal::Expired(_)) if self.own_stands(&reservation).await? => {
                    // An earlier try reserved the money and got no further: a payment come late.
                    given = Some(reservation.own_payment());
                    continue;
                }
                Err(refusal) => {
                    let payment = self.turn_away(&reservation, given, &refusal, now).await?;
                    return Err(CheckoutError::Refused { refusal, payment });
                }
            };
            let payment = given.clone().unwrap_or_else(|| reservation.own_payment());
            let charge = self.charge(&reservation, payment.clone());
            if late && self.sales_are_closed(&reservation, now).await? {
                match self.too_late(&reservation, &charge, now).await? {
                    Some(payment) => return Err(CheckoutError::SalesClosed { payment }),
                    None => continue,
                }
            }
            let method = means.method.as_deref();
            self.payments.authorise(&charge, method, Finder::Record, now).await?;
            reserved = Some(charge.clone());
            let now = self.clock.now();
            let payment = Payment { id: payment, at: now, late };
            match self.store.confirm(&reservation, &payment, now).await? {
                ConfirmOutcome::Confirmed(done) => return Ok(done),
                ConfirmOutcome::HoldLost => {
                    if let Some(payment) = self.too_late(&reservation, &charge, now).await? {
                        return Err(CheckoutError::SeatsLost { payment });
                    }
                }
                ConfirmOutcome::Changed => {}
            }
        }
        Err(CheckoutError::Conflict)
    }

    /// Gives back what this try has reserved, if another payment has confirmed the reservation meanwhile: the
    /// event of that may have been dealt with before.
    async fn let_go_of_another(
        &self,
        reservation: &Reservation,
        reserved: Option<Charge>,
        now: Timestamp,
    ) -> Result<(), CheckoutError> {
        let confirmed_by = reservation.payment.as_ref().map(|payment| &payment.id);
        match reserved.filter(|charge| confirmed_by != Some(&charge.payment)) {
            Some(charge) => Ok(self.payments.give_back(&charge, now).await.map(drop)?),
            None => Ok(()),
        }
    }

    async fn own_stands(&self, reservation: &Reservation) -> Result<bool, CheckoutError> {
        let charge = self.charge(reservation, reservation.own_payment());
        Ok(self.payments.stands(&charge).await?)
    }

    /// Then nothing is sold any more, and a hold that has run out is not honoured either.
    async fn sales_are_closed(
        &self,
        reservation: &Reservation,
        now: Timestamp,
    ) -> Result<bool, CheckoutError> {
        let session = self.store.session(reservation.session).await?;
        let refusal = session.and_then(|session| session.check_sales(now).err());
        Ok(matches!(refusal, Some(NotOnSale::Closed(_))))
    }

    /// Gives the payment back, once it is on record that the reservation can no longer be confirmed:
    /// no other try shall do so by money that is on its way back. `None` if another request has
    /// confirmed the reservation after all.
    async fn too_late(
        &self,
        reservation: &Reservation,
        charge: &Charge,
        now: Timestamp,
    ) -> Result<Option<Option<Record>>, CheckoutError> {
        if !self.payments.stands(charge).await? {
            return Ok(Some(None));
        }
        // Whoever is cut off after this is found by the index of what is due.
        self.payments.expect(charge, now).await?;
        let payment = Payment { id: charge.payment.clone(), at: now, late: true };
        if !self.store.record_too_late(reservation, &payment).await? {
            return Ok(None);
        }
        Ok(Some(self.payments.give_back(charge, now).await?))
    }

    /// The reservation can no longer be confirmed by this payment: whatever stands of it goes back.
    async fn turn_away(
        &self,
        reservation: &Reservation,
        given: Option<PaymentId>,
        refusal: &ReservationRefusal,
        now: Timestamp,
    ) -> Result<Option<Record>, CheckoutError> {
        let payment = match (refusal, &reservation.payment, given) {
            (ReservationRefusal::Expired(_), ..) => return Ok(None),
            (ReservationRefusal::TooLate, Some(recorded), None) => recorded.id.clone(),
            (_, _, given) => given.unwrap_or_else(|| reservation.own_payment()),
        };
        let charge = self.charge(reservation, payment);
        Ok(self.payments.give_back(&charge, now).await?)
    }
}
