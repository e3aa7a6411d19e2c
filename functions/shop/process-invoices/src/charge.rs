//! One invoice: claimed, charged, decided.
//!
//! Whoever finds that an invoice cannot be paid says so in the invoice, while the claim is theirs, and
//! only then withdraws its payment. So a run that is late never gives back what another one took for an
//! invoice that is paid.

use std::time::Duration;

use marquee_dynamo::error::StoreError;
use marquee_kernel::time::Timestamp;
use marquee_payments::settlement::{Finder, PaymentError, RetryPauses};
use marquee_payments_domain::{charge::Charge, provider::ProviderError, status::PaymentStatus};
use marquee_shop_domain::invoice::{Claim, Invoice, InvoiceStatus};
use uuid::Uuid;

use crate::{Limits, Processor, Report};

/// Tries until a provider that refuses what it is asked is believed. It may be that it refuses us all,
/// and that somebody mends that.
const REFUSALS_MAX: u32 = 5;

/// How long an invoice waits for a provider that does not answer, before it is tried again.
const PAUSES: RetryPauses =
    RetryPauses { first: Duration::from_secs(5), max: Duration::from_secs(15 * 60) };

/// How often money is withdrawn that only this run knows of, and how long it waits after the first time,
/// each time twice as long.
const WITHDRAWALS_MAX: u32 = 6;
const WITHDRAWAL_PAUSE: Duration = Duration::from_millis(250);

/// What asking for the money came to.
enum Charged {
    Paid,
    /// For good, for this reason.
    Refused(String),
    /// Nobody knows, or not now.
    Unanswered(ProviderError),
}

fn others() -> Report {
    Report { others: 1, ..Report::default() }
}

impl Processor {
    pub(crate) async fn process(
        &self,
        invoice: Invoice,
        limits: Limits,
        until: Timestamp,
    ) -> Report {
        if self.clock.now() >= until {
            return Report { more: true, ..Report::default() };
        }
        let one = match self.claim_and_charge(&invoice, limits).await {
            Ok(report) => report,
            Err(error) => {
                // The claim's lease runs out, and the invoice is tried again.
                tracing::warn!(%error, invoice = %invoice.id, "not processed");
                Report { failed: 1, ..Report::default() }
            }
        };
        let is_old = invoice.created_at + limits.overdue_after <= self.clock.now();
        let overdue = usize::from(is_old && one.postponed + one.failed > 0);
        Report { overdue, ..one }
    }

    async fn claim_and_charge(
        &self,
        invoice: &Invoice,
        limits: Limits,
    ) -> Result<Report, StoreError> {
        let now = self.clock.now();
        let claim = Claim { by: Uuid::new_v4(), until: now + limits.lease };
        if !self.store.claim_invoice(invoice, claim, now).await? {
            return Ok(others());
        }
        let charge = invoice.charge(self.payments.currency);
        let charged = match &invoice.refused {
            Some(reason) => Charged::Refused(reason.clone()),
            None => self.charge(invoice, &charge).await?,
        };
        match charged {
            Charged::Paid => {
                let now = self.clock.now();
                match self.store.decide_invoice(invoice.id, claim.by, Ok(()), now).await? {
                    true => Ok(Report { paid: 1, ..Report::default() }),
                    false => self.taken_over(invoice, &charge).await,
                }
            }
            Charged::Refused(reason) => self.reject(invoice, &charge, claim.by, &reason).await,
            Charged::Unanswered(error) => self.postpone(invoice, &charge, claim.by, &error).await,
        }
    }

    async fn reject(
        &self,
        invoice: &Invoice,
        charge: &Charge,
        by: Uuid,
        reason: &str,
    ) -> Result<Report, StoreError> {
        if !self.store.refuse_invoice(invoice.id, by, reason).await? {
            return self.taken_over(invoice, charge).await;
        }
        if let Some(error) = self.withdraw(charge).await? {
            return self.postpone(invoice, charge, by, &error).await;
        }
        let now = self.clock.now();
        match self.store.decide_invoice(invoice.id, by, Err(reason), now).await? {
            true => Ok(Report { rejected: 1, ..Report::default() }),
            false => Ok(others()),
        }
    }

    async fn postpone(
        &self,
        invoice: &Invoice,
        charge: &Charge,
        by: Uuid,
        error: &ProviderError,
    ) -> Result<Report, StoreError> {
        let (now, tries) = (self.clock.now(), invoice.tries + 1);
        tracing::warn!(%error, invoice = %invoice.id, tries, "will be tried again");
        let again = now + PAUSES.after(tries).pause;
        let reason = "the payment provider did not answer, and is asked again";
        if !self.store.postpone_invoice(invoice, by, reason, again, now).await? {
            return self.taken_over(invoice, charge).await;
        }
        // It may be that the provider refuses us: somebody has to look.
        let failed = usize::from(!error.is_transient());
        Ok(Report { postponed: 1, failed, ..Report::default() })
    }

    /// The lease was over before this was done, and somebody else has the invoice. If they found that it
    /// cannot be paid, whatever was paid here goes back.
    async fn taken_over(&self, invoice: &Invoice, charge: &Charge) -> Result<Report, StoreError> {
        tracing::warn!(invoice = %invoice.id, "the lease was over");
        let found = self.store.invoice(invoice.id).await?;
        let refused = found.is_some_and(|invoice| {
            invoice.status == InvoiceStatus::Rejected || invoice.refused.is_some()
        });
        if refused && let Some(error) = self.withdraw_at_last(charge).await? {
            let payment = &charge.payment;
            tracing::error!(%error, %payment, "may not have gone back: somebody has to look");
            return Ok(Report { failed: 1, ..others() });
        }
        Ok(others())
    }

    /// Withdraws what nobody else will look at any more: so it is tried more than once.
    async fn withdraw_at_last(&self, charge: &Charge) -> Result<Option<ProviderError>, StoreError> {
        let mut pause = WITHDRAWAL_PAUSE;
        for _ in 1..WITHDRAWALS_MAX {
            if let Ok(None) = self.withdraw(charge).await {
                return Ok(None);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.withdraw(charge).await
    }

    async fn charge(&self, invoice: &Invoice, charge: &Charge) -> Result<Charged, StoreError> {
        let asked = match self.take(invoice, charge).await {
            Ok(()) => return Ok(Charged::Paid),
            Err(PaymentError::Store(error)) => return Err(error),
            Err(PaymentError::Provider(error)) => error,
        };
        Ok(match asked {
            ProviderError::TimedOut | ProviderError::Unavailable(_) => Charged::Unanswered(asked),
            ProviderError::Refused(_) if invoice.tries + 1 < REFUSALS_MAX => {
                tracing::error!(error = %asked, invoice = %invoice.id, "the provider refuses");
                Charged::Unanswered(asked)
            }
            ProviderError::Refused(_) => {
                tracing::error!(error = %asked, invoice = %invoice.id, "the provider refuses");
                Charged::Refused("the payment provider refuses this payment".to_owned())
            }
            ProviderError::Declined(_)
            | ProviderError::Incomplete { .. }
            | ProviderError::OtherPurpose
            | ProviderError::Unknown
            | ProviderError::Over => Charged::Refused(asked.to_string()),
        })
    }

    /// Reserves the money and takes it, unless it has been taken.
    async fn take(&self, invoice: &Invoice, charge: &Charge) -> Result<(), PaymentError> {
        if self.status_of(charge).await? == Some(PaymentStatus::Captured) {
            return Ok(());
        }
        let method = invoice.means.method.as_deref();
        self.payments.authorise(charge, method, Finder::Thing, self.clock.now()).await?;
        self.payments.capture(charge, self.clock.now()).await?;
        // What the provider did not do is on record as due, and no error.
        match self.status_of(charge).await? {
            Some(PaymentStatus::Captured) => Ok(()),
            Some(PaymentStatus::Failed) => {
                let refused = "it does not hand over what it had reserved";
                Err(ProviderError::Declined(Some(refused.to_owned())).into())
            }
            Some(status) if status.is_over() => Err(ProviderError::Over.into()),
            _ => Err(ProviderError::TimedOut.into()),
        }
    }

    async fn status_of(&self, charge: &Charge) -> Result<Option<PaymentStatus>, StoreError> {
        let record = self.payments.store.find(&charge.payment).await?;
        Ok(record.filter(|record| record.is_for(charge)).map(|record| record.status))
    }

    /// Withdraws or gives back whatever stands of a payment, and puts on record that it is over, so that
    /// a run which is late cannot take it. What stood in the way, if the provider did not do it.
    async fn withdraw(&self, charge: &Charge) -> Result<Option<ProviderError>, StoreError> {
        let now = self.clock.now();
        match self.payments.give_back(charge, now).await {
            Ok(Some(record)) if !record.status.is_over() || record.due.is_some() => {
                Ok(Some(ProviderError::TimedOut))
            }
            Ok(_) => {
                if charge.is_own() {
                    let voided = PaymentStatus::Voided;
                    self.payments.store.record(charge, voided, now).await?;
                }
                Ok(None)
            }
            Err(PaymentError::Provider(error)) => Ok(Some(error)),
            Err(PaymentError::Store(error)) => Err(error),
        }
    }
}
