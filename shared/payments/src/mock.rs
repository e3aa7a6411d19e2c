//! The payment provider's stand-in, which takes no money.
//!
//! It keeps no ledger of its own: what is on record of a payment is what it has done. So it refuses
//! what a provider refuses: a payment that is used for something else, or went back. A payment that
//! it never saw is one that the buyer has made, unless its name says otherwise, as test cards do:
//!
//! | `payment_id` ends with | `PAYMENT_MOCK` | what happens |
//! |---|---|---|
//! | `000000000402` | `decline` | declined |
//! | `000000000408` | `timeout` | no answer |
//! | anything else | unset or `approve` | approved |

use async_trait::async_trait;
use marquee_payments_domain::{
    charge::Charge,
    provider::{Begun, Known, Provider, ProviderError, Standing},
    status::PaymentStatus,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum MockMode {
    #[default]
    Approve,
    Decline,
    Timeout,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct MockProvider {
    pub mode: MockMode,
}

impl MockProvider {
    fn answer(self, charge: &Charge) -> Result<(), ProviderError> {
        let name = charge.payment.as_str();
        match self.mode {
            MockMode::Approve if name.ends_with("000000000402") => {
                Err(ProviderError::Declined(None))
            }
            MockMode::Approve if name.ends_with("000000000408") => Err(ProviderError::TimedOut),
            MockMode::Approve => Ok(()),
            MockMode::Decline => Err(ProviderError::Declined(None)),
            MockMode::Timeout => Err(ProviderError::TimedOut),
        }
    }
}

#[async_trait]
impl Provider for MockProvider {
    fn names_payments(&self) -> bool {
        false
    }

    async fn begin(&self, _: &Charge, _: Option<&str>) -> Result<Begun, ProviderError> {
        Ok(Begun::default())
    }

    async fn authorise(&self, known: &Known, _: Option<&str>) -> Result<(), ProviderError> {
        self.answer(&known.charge)
    }

    async fn capture(&self, _: &Known) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn void(&self, _: &Known) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn refund(&self, _: &Known) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn look_up(&self, known: &Known) -> Result<Standing, ProviderError> {
        Ok(match known.recorded {
            None => Standing::Unknown,
            Some(PaymentStatus::Pending | PaymentStatus::Authorised | PaymentStatus::Failed) => {
                Standing::Authorised
            }
            Some(PaymentStatus::Captured | PaymentStatus::RefundDue) => Standing::Captured,
            Some(PaymentStatus::Voided) => Standing::Voided,
            Some(PaymentStatus::Refunded) => Standing::Refunded,
        })
    }
}
