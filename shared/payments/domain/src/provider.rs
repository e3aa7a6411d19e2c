//! The port to whoever takes the money.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{charge::Charge, status::PaymentStatus};

/// A payment as we know it when we speak of it to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub charge: Charge,
    /// What the provider calls it, if that is something else.
    pub reference: Option<String>,
    /// `None`: nothing is on record of it.
    pub recorded: Option<PaymentStatus>,
    /// Tries of the present step that failed: a provider may answer a repeated request as it answered
    /// the first.
    pub tries: u32,
}

/// A payment that the buyer can now make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Begun {
    pub reference: Option<String>,
    /// With which the buyer's browser speaks to the provider.
    pub client_secret: Option<String>,
}

/// What the provider says of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does not know it.
    Unknown,
    /// Nothing is reserved; it can still be paid.
    Open,
    Authorised,
    Captured,
    Refunded,
    Voided,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    #[error("the payment was declined{}", reason(.0))]
    Declined(Option<String>),
    /// The buyer has not paid, or has to do something at the provider first.
    #[error("the payment is not complete: {detail}")]
    Incomplete { detail: String, client_secret: Option<String> },
    #[error("the payment pays for something else")]
    OtherPurpose,
    #[error("there is no such payment for this")]
    Unknown,
    /// Voided, refunded, or on its way back.
    #[error("the payment went back or was withdrawn; it cannot be used again")]
    Over,
    /// Nobody knows whether it was done; asking again is safe.
    #[error("the payment provider did not answer in time")]
    TimedOut,
    /// Not now: asking again later may help.
    #[error("the payment provider is not available: {0}")]
    Unavailable(String),
    /// It will not do that, however often it is asked.
    #[error("the payment provider refused: {0}")]
    Refused(String),
}

impl ProviderError {
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::TimedOut | Self::Unavailable(_))
    }
}

fn reason(reason: &Option<String>) -> String {
    reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default()
}

/// Whoever takes the money. Every call may be repeated: an answer may be lost. What was done is not
/// done twice, for the same payment.
#[async_trait]
pub trait Provider: Debug + Send + Sync {
    /// Whether it calls payments by names of its own. Then each is put on record when it begins,
    /// and only a thing's own payment can pay for it.
    fn names_payments(&self) -> bool;

    /// Prepares a payment, bound to what it pays for; or finds the one that has this reference. No
    /// money moves.
    async fn begin(&self, charge: &Charge, reference: Option<&str>)
    -> Result<Begun, ProviderError>;

    /// Reserves the money, by the buyer's `method` if one is given; or finds that the buyer has
    /// done so.
    async fn authorise(&self, known: &Known, method: Option<&str>) -> Result<(), ProviderError>;

    /// Takes what was authorised.
    async fn capture(&self, known: &Known) -> Result<(), ProviderError>;

    /// Withdraws a payment of which nothing was taken.
    async fn void(&self, known: &Known) -> Result<(), ProviderError>;

    /// Gives back all that was captured.
    async fn refund(&self, known: &Known) -> Result<(), ProviderError>;

    async fn look_up(&self, known: &Known) -> Result<Standing, ProviderError>;
}
