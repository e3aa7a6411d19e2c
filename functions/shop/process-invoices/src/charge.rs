//! One invoice: claimed, charged, decided.

use marquee_dynamo::error::StoreError;
use marquee_kernel::time::Timestamp;
use marquee_payments::settlement::PaymentError;
use marquee_payments_domain::{charge::Charge, provider::ProviderError, status::PaymentStatus};
use marquee_shop_domain::invoice::{Claim, Invoice, InvoiceStatus, pause_after};
use uuid::Uuid;

use crate::{Limits, Processor, Report};

/// What asking for the money came to.
enum Charged {
    Paid,
    /// For good, and nothing of it stands.
    Refused(String),
    /// Nobody knows, or not now.
    Unanswered(ProviderError),
}

impl Processor {
    pub(crate) async fn process(&self, invoice: Invoice, limits: Limits) -> Report {
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
            return Ok(Report { others: 1, ..Report::default() });
        }
        let charge = invoice.charge(self.payments.currency);
        let charged = self.charge(invoice, &charge).await?;
        let now = self.clock.now();
        let (result, report) = match &charged {
            Charged::Paid => (Ok(()), Report { paid: 1, ..Report::default() }),
            Charged::Refused(reason) => {
                (Err(reason.as_str()), Report { rejected: 1, ..Report::default() })
            }
            Charged::Unanswered(error) => {
                let tries = invoice.tries + 1;
                tracing::warn!(%error, invoice = %invoice.id, tries, "will be tried again");
                let again = now + pause_after(tries);
                let reason = error.to_string();
                self.store.postpone_invoice(invoice, claim.by, &reason, again, now).await?;
                let failed = usize::from(!error.is_transient());
                return Ok(Report { postponed: 1, failed, ..Report::default() });
            }
        };
        if self.store.decide_invoice(invoice.id, claim.by, result, now).await? {
            tracing::info!(invoice = %invoice.id, paid = result.is_ok(), "decided");
            return Ok(report);
        }
        self.taken_over(invoice, &charge, now).await?;
        Ok(Report { others: 1, ..Report::default() })
    }

    /// The lease was over before this was done, and somebody else has the invoice. If they found that it
    /// cannot be paid, what was paid here goes back.
    async fn taken_over(
        &self,
        invoice: &Invoice,
        charge: &Charge,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let decided = self.store.invoice(invoice.id).await?;
        tracing::warn!(invoice = %invoice.id, "the lease was over");
        if decided.is_some_and(|invoice| invoice.status == InvoiceStatus::Rejected)
            && let Err(PaymentError::Store(error)) = self.payments.give_back(charge, now).await
        {
            return Err(error);
        }
        Ok(())
    }

    async fn charge(&self, invoice: &Invoice, charge: &Charge) -> Result<Charged, StoreError> {
        let asked = match self.take(invoice, charge).await {
            Ok(()) => return Ok(Charged::Paid),
            Err(PaymentError::Store(error)) => return Err(error),
            Err(PaymentError::Provider(error)) => error,
        };
        match asked {
            ProviderError::TimedOut | ProviderError::Unavailable(_) => {
                Ok(Charged::Unanswered(asked))
            }
            // It may be that the provider refuses us, and nobody's money is at stake.
            ProviderError::Refused(_) => {
                tracing::error!(error = %asked, invoice = %invoice.id, "the provider refuses");
                Ok(Charged::Unanswered(asked))
            }
            ProviderError::Declined(_)
            | ProviderError::Incomplete { .. }
            | ProviderError::OtherPurpose
            | ProviderError::Unknown
            | ProviderError::Over => match self.withdraw(charge).await? {
                None => Ok(Charged::Refused(asked.to_string())),
                Some(error) => Ok(Charged::Unanswered(error)),
            },
        }
    }

    /// Reserves the money and takes it, unless it has been taken.
    async fn take(&self, invoice: &Invoice, charge: &Charge) -> Result<(), PaymentError> {
        if self.status_of(charge).await? == Some(PaymentStatus::Captured) {
            return Ok(());
        }
        let method = invoice.means.method.as_deref();
        self.payments.authorise(charge, method, self.clock.now()).await?;
        self.payments.capture(charge, self.clock.now()).await?;
        // What the provider did not do is on record as due, and no error.
        match self.status_of(charge).await? {
            Some(PaymentStatus::Captured) => Ok(()),
            Some(PaymentStatus::Failed) => {
                let refused = "it does not hand over what it had reserved";
                Err(ProviderError::Declined(Some(refused.to_owned())).into())
            }
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
