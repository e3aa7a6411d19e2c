//! What payments are refused for, as callers are told.

use marquee_kernel::{
    problem::{AsProblem, ProblemType},
    problem_types,
};

use crate::provider::ProviderError;

problem_types! {
    PAYMENT_DECLINED = "payment-declined", 402, "Payment declined",
        "The provider declined. The seats stay yours until the hold runs out: pay another way.";
    PAYMENT_INCOMPLETE = "payment-incomplete", 402, "Payment not complete",
        "The buyer has not paid yet, or has to complete the payment at the provider, with \
         `client_secret` if it is there. Then send the same request again.";
    PAYMENT_USED = "payment-used", 409, "Payment already used",
        "One payment pays for one thing. Pay for this one with a payment of its own.";
    PAYMENT_UNKNOWN = "payment-unknown", 422, "Unknown payment",
        "The provider knows no such payment for this. Begin one, and name it.";
    PAYMENT_TIMED_OUT = "payment-timed-out", 504, "Payment timed out",
        "The provider did not answer. Send the same request again: you are not charged twice.";
    PAYMENT_UNAVAILABLE = "payment-unavailable", 503, "Payments not available",
        "The provider cannot be reached, or refuses us. Nothing was taken: try again later.";
    WEBHOOK_NOT_GENUINE = "webhook-not-genuine", 400, "Notification not genuine",
        "The signature is missing, older than five minutes, or made with none of our keys.";
}

impl AsProblem for ProviderError {
    fn problem(&self) -> &'static ProblemType {
        match self {
            Self::Declined(_) => &PAYMENT_DECLINED,
            Self::Incomplete { .. } => &PAYMENT_INCOMPLETE,
            Self::OtherPurpose | Self::Over => &PAYMENT_USED,
            Self::Unknown => &PAYMENT_UNKNOWN,
            Self::TimedOut => &PAYMENT_TIMED_OUT,
            Self::Unavailable(_) | Self::Refused(_) => &PAYMENT_UNAVAILABLE,
        }
    }

    fn member(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Incomplete { client_secret: Some(secret), .. } => {
                Some(("client_secret", secret.clone()))
            }
            _ => None,
        }
    }
}
