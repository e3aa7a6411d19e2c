//! By what a payment is made.

use marquee_payments_domain::charge::PaymentId;

/// How the customer pays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Means {
    /// The payment, if the customer names one; otherwise the invoice's own.
    pub payment: Option<PaymentId>,
    /// What the provider is to charge.
    pub method: Option<String>,
}
