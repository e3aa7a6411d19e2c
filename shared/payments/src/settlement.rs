//! Reserving, taking, withdrawing and giving back money.
//!
//! Each step is done at the provider and then put on record; either may be repeated. What the
//! provider does not do now is put on record as due, with growing pauses between the tries, so that
//! no money waits for a customer to ask again.

use std::{sync::Arc, time::Duration};

use marquee_dynamo::error::StoreError;
use marquee_kernel::time::Timestamp;
use marquee_payments_domain::{
    charge::{Charge, Currency},
    provider::{Begun, Provider, ProviderError, Standing},
    status::PaymentStatus,
};

use crate::{
    record::{Record, as_bound, known},
    store::{Next, PaymentStore},
};

/// How long to wait before a step is tried again: this, then twice as long each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPauses {
    pub first: Duration,
    pub max: Duration,
}

impl RetryPauses {
    pub const STANDARD: Self =
        Self { first: Duration::from_secs(60), max: Duration::from_secs(3600) };

    /// After so many tries that failed.
    pub fn after(self, tries: u32) -> Next {
        let doublings = tries.saturating_sub(1);
        let pause = self.first.saturating_mul(2_u32.saturating_pow(doublings)).min(self.max);
        Next { tries, pause }
    }
}

/// A consumer has twelve seconds for a message, in which a provider may be asked twice.
const ANSWER_MAX: Duration = Duration::from_secs(4);
/// A bank that is asked for the money takes longer; then somebody waits for it who can ask again.
const AUTHORISATION_MAX: Duration = Duration::from_secs(10);

async fn within<T>(
    limit: Duration,
    asked: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    tokio::time::timeout(limit, asked).await.unwrap_or(Err(ProviderError::TimedOut))
}

#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What leads to a payment that only the buyer named, when the request that brought it was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finder {
    /// The thing that is paid for: it has the payment's name, and is looked at until it is decided.
    Thing,
    /// The payment's record, which is due from the beginning.
    Record,
}

/// Payments by one provider, on record in one context's table.
#[derive(Clone, Debug)]
pub struct Payments {
    pub provider: Arc<dyn Provider>,
    pub store: PaymentStore,
    pub currency: Currency,
    pub pauses: RetryPauses,
}

impl Payments {
    /// Prepares a payment for the buyer to make, bound to what it pays for: to this charge, in the
    /// currency in which it was begun first.
    pub async fn begin(
        &self,
        charge: &Charge,
        now: Timestamp,
    ) -> Result<(Charge, Begun), PaymentError> {
        let record = match self.provider.names_payments() {
            true => self.store.find(&charge.payment).await?,
            false => None,
        };
        usable(record.as_ref(), charge)?;
        let charge = as_bound(charge, record.as_ref());
        let known = record.and_then(|record| record.reference);
        let begun = within(ANSWER_MAX, self.provider.begin(&charge, known.as_deref())).await?;
        if begun.reference.is_none() || begun.reference == known {
            return Ok((charge, begun));
        }
        // Of two who begin at once, the first record counts.
        let earlier = self.store.bind(&charge, begun.reference.as_deref(), now).await?;
        usable(earlier.as_ref(), &charge)?;
        let charge = as_bound(&charge, earlier.as_ref());
        match earlier.and_then(|record| record.reference) {
            Some(first) if begun.reference.as_ref() != Some(&first) => {
                let first = self.provider.begin(&charge, Some(&first));
                Ok((charge.clone(), within(ANSWER_MAX, first).await?))
            }
            _ => Ok((charge, begun)),
        }
    }

    /// Reserves the money, once the payment is bound to what it pays for and can pay for nothing else.
    pub async fn authorise(
        &self,
        charge: &Charge,
        method: Option<&str>,
        finder: Finder,
        now: Timestamp,
    ) -> Result<(), PaymentError> {
        let record = self.bound(charge, finder, now).await?;
        if charge.amount.is_zero() {
            return Ok(());
        }
        let known = known(charge, record.as_ref());
        let asked = within(AUTHORISATION_MAX, self.provider.authorise(&known, method)).await;
        if let Err(ProviderError::Declined(_)) = asked
            && !charge.is_own()
        {
            self.store.unbind(charge).await?;
        }
        Ok(asked?)
    }

    /// What is on record of the payment afterwards. A thing's own payment needs no record to be
    /// bound: its name follows from the thing's. So no write is spent on it.
    async fn bound(
        &self,
        charge: &Charge,
        finder: Finder,
        now: Timestamp,
    ) -> Result<Option<Record>, PaymentError> {
        let record = match (self.provider.names_payments(), charge.is_own()) {
            (true, true) => match self.store.find(&charge.payment).await? {
                Some(record) => Some(record),
                None => {
                    self.begin(charge, now).await?;
                    self.store.find(&charge.payment).await?
                }
            },
            (true, false) => {
                let found = self.store.find(&charge.payment).await?;
                return Err(match found {
                    Some(_) => ProviderError::OtherPurpose,
                    None => ProviderError::Unknown,
                }
                .into());
            }
            (false, true) => None,
            (false, false) if charge.payment.is_somethings_own() => {
                return Err(ProviderError::OtherPurpose.into());
            }
            (false, false) => match finder {
                Finder::Thing => self.store.bind(charge, None, now).await?,
                Finder::Record => self.store.bind_due(charge, now, self.pauses.after(0)).await?,
            },
        };
        usable(record.as_ref(), charge)?;
        Ok(record)
    }

    /// Takes what was authorised for something that is now the buyer's. What cannot be done now is
    /// due from now on.
    pub async fn capture(&self, charge: &Charge, now: Timestamp) -> Result<(), PaymentError> {
        let record = self.store.find(&charge.payment).await?;
        if let Some(record) = &record
            && record.status == PaymentStatus::Captured
        {
            // Of two who settle at once, the slower one may have said that it is still due.
            return Ok(self.store.settle(record).await?);
        }
        usable(record.as_ref(), charge)?;
        let asked = match charge.amount.is_zero() {
            true => Ok(()),
            false => {
                let known = known(charge, record.as_ref());
                within(ANSWER_MAX, self.provider.capture(&known)).await
            }
        };
        match asked {
            Ok(()) => self.recorded(charge, PaymentStatus::Captured, now).await,
            Err(error) => {
                let status = (!error.is_transient()).then_some(PaymentStatus::Failed);
                self.later(charge, record.as_ref(), status, &error, now).await
            }
        }
    }

    /// Puts on record what was done at the provider.
    async fn recorded(
        &self,
        charge: &Charge,
        status: PaymentStatus,
        now: Timestamp,
    ) -> Result<(), PaymentError> {
        let payment = &charge.payment;
        match self.store.record(charge, status, now).await? {
            true => tracing::info!(%payment, status = status.into_str(), "done"),
            false => tracing::error!(
                %payment,
                status = status.into_str(),
                "done at the provider, and something else is on record"
            ),
        }
        Ok(())
    }

    /// Withdraws what was authorised for something that came to nothing, and gives back what was
    /// captured for it, and never more. What became of the payment; `None` if there is none.
    ///
    /// The thing must be beyond being paid for by this payment.
    pub async fn give_back(
        &self,
        charge: &Charge,
        now: Timestamp,
    ) -> Result<Option<Record>, PaymentError> {
        let record = self.store.find(&charge.payment).await?;
        if let Some(record) = &record
            && !record.is_for(charge)
        {
            return Ok(None); // it is another's, and nothing of this one's
        }
        if let Some(refunded) = &record
            && refunded.status == PaymentStatus::Refunded
        {
            self.store.settle(refunded).await?;
            return Ok(record);
        }
        let done = match charge.amount.is_zero() {
            true => Ok(record.as_ref().map(|_| PaymentStatus::Voided)),
            false => self.returned(charge, record.as_ref(), now).await,
        };
        match done {
            Ok(None) => return Ok(record),
            Ok(Some(status)) if is_on_record(record.as_ref(), status) => return Ok(record),
            Ok(Some(status)) => self.recorded(charge, status, now).await?,
            Err(PaymentError::Provider(error)) => {
                let recorded = self.store.find(&charge.payment).await?;
                self.later(charge, recorded.as_ref(), None, &error, now).await?;
            }
            Err(error) => return Err(error),
        }
        Ok(self.store.find(&charge.payment).await?)
    }

    /// Does it at the provider; the status that the payment has then, `None` if there is nothing to
    /// put on record.
    async fn returned(
        &self,
        charge: &Charge,
        record: Option<&Record>,
        now: Timestamp,
    ) -> Result<Option<PaymentStatus>, PaymentError> {
        let known = known(charge, record);
        let next = self.pauses.after(known.tries);
        let due = Some(PaymentStatus::RefundDue);
        Ok(match within(ANSWER_MAX, self.provider.look_up(&known)).await? {
            Standing::Unknown => record.map(|_| PaymentStatus::Voided),
            Standing::Voided => Some(PaymentStatus::Voided),
            // One that nobody has made yet is withdrawn as well: it shall not be made any more.
            Standing::Open | Standing::Authorised => {
                within(ANSWER_MAX, self.provider.void(&known)).await?;
                Some(PaymentStatus::Voided)
            }
            Standing::Captured => {
                self.store.record_due(charge, due, now, next).await?;
                within(ANSWER_MAX, self.provider.refund(&known)).await?;
                Some(PaymentStatus::Refunded)
            }
            Standing::Refunded => {
                self.store.record_due(charge, due, now, next).await?;
                Some(PaymentStatus::Refunded)
            }
        })
    }

    /// Says that the payment is to be looked at again, before something is begun that may be cut off.
    pub async fn expect(&self, charge: &Charge, now: Timestamp) -> Result<(), StoreError> {
        let next = self.pauses.after(0);
        self.store.record_due(charge, None, now, next).await.map(drop)
    }

    /// Whether money is reserved or taken for this charge, as the provider says.
    pub async fn stands(&self, charge: &Charge) -> Result<bool, PaymentError> {
        let record = self.store.find(&charge.payment).await?;
        if record.as_ref().is_some_and(|record| !record.is_for(charge) || record.status.is_over()) {
            return Ok(false);
        }
        let known = known(charge, record.as_ref());
        let standing = within(ANSWER_MAX, self.provider.look_up(&known)).await?;
        Ok(matches!(standing, Standing::Authorised | Standing::Captured))
    }

    /// To be tried again, after a pause that grows.
    async fn later(
        &self,
        charge: &Charge,
        record: Option<&Record>,
        status: Option<PaymentStatus>,
        error: &ProviderError,
        now: Timestamp,
    ) -> Result<(), PaymentError> {
        let tries = 1 + record.and_then(|record| record.due).map_or(0, |due| due.tries);
        let next = self.pauses.after(tries);
        match error.is_transient() {
            true => tracing::warn!(%error, payment = %charge.payment, tries, "still due"),
            false => {
                tracing::error!(%error, payment = %charge.payment, tries, "somebody has to look")
            }
        }
        self.store.record_due(charge, status, now, next).await?;
        Ok(())
    }

    /// Looks again later at a payment for which nothing is reserved: somebody may be about to.
    ///
    /// # Errors
    /// If storage stood in the way: then it is looked at again in any case.
    pub async fn look_again(&self, record: &Record, now: Timestamp) -> Result<(), StoreError> {
        let tries = 1 + record.due.map_or(0, |due| due.tries);
        self.store.postpone(record, self.pauses.after(tries), now).await
    }

    /// Looks at a payment again later, after `error` stood in the way of settling it.
    ///
    /// # Errors
    /// If storage stood in the way: then it is looked at again in any case.
    pub async fn postpone(
        &self,
        record: &Record,
        error: PaymentError,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let error = match error {
            PaymentError::Provider(error) => error,
            PaymentError::Store(error) => return Err(error),
        };
        tracing::warn!(%error, payment = %record.id, "still due");
        self.look_again(record, now).await
    }
}

/// Whether that is all there is to say.
fn is_on_record(record: Option<&Record>, status: PaymentStatus) -> bool {
    record.is_some_and(|record| record.status == status && record.due.is_none())
}

/// Whether a payment with this record can pay for that.
fn usable(record: Option<&Record>, charge: &Charge) -> Result<(), ProviderError> {
    match record {
        Some(record) if !record.is_for(charge) => Err(ProviderError::OtherPurpose),
        Some(record) if record.status.is_over() => Err(ProviderError::Over),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end_somewhere() {
        let pauses = RetryPauses { first: Duration::from_secs(5), max: Duration::from_secs(900) };
        let after = |tries| pauses.after(tries).pause.as_secs();
        assert_eq!([1, 2, 3, 99].map(after), [5, 10, 20, 900]);
    }
}
