//! The payment provider's stand-in.
//!
//! It approves, unless told otherwise: for one payment by its identifier, as test cards do, or
//! for all by `PAYMENT_MOCK`.
//!
//! | `payment_id` ends with | `PAYMENT_MOCK` | what happens |
//! |---|---|---|
//! | `000000000402` | `decline` | declined |
//! | `000000000408` | `timeout` | no answer |
//! | anything else | unset or `approve` | approved |

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use marquee_booking_domain::payment::{PaymentError, Payments};
use marquee_kernel::money::Money;
use marquee_lambda::config::{self, ConfigError};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MockMode {
    #[default]
    Approve,
    Decline,
    TimeOut,
}

impl MockMode {
    pub fn from_env() -> Result<Self, ConfigError> {
        let name = "PAYMENT_MOCK";
        match config::optional(name).as_deref() {
            None | Some("approve") => Ok(Self::Approve),
            Some("decline") => Ok(Self::Decline),
            Some("timeout") => Ok(Self::TimeOut),
            Some(value) => {
                let expected = "approve, decline or timeout";
                Err(ConfigError::Invalid { name, value: value.to_owned(), expected })
            }
        }
    }

    fn answer(self, payment_id: &str) -> Result<(), PaymentError> {
        match self {
            Self::Decline => Err(PaymentError::Declined),
            Self::TimeOut => Err(PaymentError::TimedOut),
            Self::Approve if payment_id.ends_with("000000000402") => Err(PaymentError::Declined),
            Self::Approve if payment_id.ends_with("000000000408") => Err(PaymentError::TimedOut),
            Self::Approve => Ok(()),
        }
    }
}

/// Remembers what it captured, for as long as the process lives.
#[derive(Debug, Default)]
pub struct MockPayments {
    mode: MockMode,
    captured: Mutex<HashSet<String>>,
}

impl MockPayments {
    pub fn new(mode: MockMode) -> Self {
        Self { mode, captured: Mutex::default() }
    }

    fn captured(&self) -> MutexGuard<'_, HashSet<String>> {
        self.captured.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Payments for MockPayments {
    async fn capture(&self, payment_id: &str, _: Money) -> Result<(), PaymentError> {
        self.mode.answer(payment_id)?;
        self.captured().insert(payment_id.to_owned());
        Ok(())
    }

    async fn was_captured(&self, payment_id: &str) -> Result<bool, PaymentError> {
        Ok(self.captured().contains(payment_id))
    }

    async fn refund(&self, payment_id: &str, _: Money) -> Result<(), PaymentError> {
        self.mode.answer(payment_id)?;
        self.captured().remove(payment_id);
        Ok(())
    }
}
