//! Payment: what is remembered of one, and the port to whoever takes the money.

use async_trait::async_trait;
use marquee_kernel::{money::Money, time::Timestamp};

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantNames,
)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum PaymentStatus {
    Captured,
    /// Came for a hold that was lost; the money has to go back.
    RefundDue,
    Refunded,
}

impl PaymentStatus {
    pub const NAMES: &[&str] = <Self as strum::VariantNames>::VARIANTS;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub id: String,
    pub status: PaymentStatus,
    pub at: Timestamp,
    /// The hold had run out when the payment came.
    pub late: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    #[error("the payment was declined")]
    Declined,
    /// Nobody knows whether the money moved; asking again with the same id is safe.
    #[error("the payment provider did not answer in time")]
    TimedOut,
}

/// Whoever takes the money. All calls must be idempotent by `payment_id`: an answer may be lost
/// and the call made again. Refunding a payment that was never captured voids it, and succeeds.
#[async_trait]
pub trait Payments: std::fmt::Debug + Send + Sync {
    async fn capture(&self, payment_id: &str, amount: Money) -> Result<(), PaymentError>;
    /// Whether an earlier call captured it.
    async fn was_captured(&self, payment_id: &str) -> Result<bool, PaymentError>;
    async fn refund(&self, payment_id: &str, amount: Money) -> Result<(), PaymentError>;
}
