//! An invoice's life.
//!
//! ```text
//!   WAIT ──▶ PROCESS ──▶ OK
//!     ▲         │  ╰────▶ REJECTED
//!     ╰─────────╯ the provider does not answer
//! ```
//!
//! Whoever processes an invoice has claimed it, for as long as a lease; a claim that has run out is
//! anybody's.

use marquee_kernel::{money::Money, time::Timestamp};
use marquee_payments_domain::charge::{Charge, Currency, PaymentId, Purpose};
use uuid::Uuid;

use crate::{cart::CartItem, ids::InvoiceId, means::Means};

/// What payments of invoices are for.
pub const INVOICE: &str = "invoice";

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[strum(serialize_all = "UPPERCASE", const_into_str)]
pub enum InvoiceStatus {
    Wait,
    Process,
    Ok,
    Rejected,
}

impl InvoiceStatus {
    pub const NAMES: &[&str] = <Self as strum::VariantNames>::VARIANTS;

    /// Whether there is something to be done about it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Wait | Self::Process)
    }
}

/// Who processes an invoice, and until when nobody else may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub by: Uuid,
    pub until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    pub id: InvoiceId,
    pub items: Vec<CartItem>,
    pub bill: Money,
    pub means: Means,
    pub status: InvoiceStatus,
    /// Why it is rejected, or has not been paid yet.
    pub reason: Option<String>,
    pub claim: Option<Claim>,
    /// Why it cannot be paid: it is on record before anything of its payment is withdrawn, so that
    /// nobody charges it any more.
    pub refused: Option<String>,
    /// Tries that the provider did not answer.
    pub tries: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Invoice {
    /// Whether somebody may begin to process it.
    pub fn can_be_claimed(&self, now: Timestamp) -> bool {
        match self.status {
            InvoiceStatus::Wait => true,
            InvoiceStatus::Process => self.claim.is_none_or(|claim| claim.until <= now),
            InvoiceStatus::Ok | InvoiceStatus::Rejected => false,
        }
    }

    /// What is to be paid.
    pub fn charge(&self, currency: Currency) -> Charge {
        let purpose = Purpose { kind: INVOICE, id: self.id.uuid() };
        let named = self.means.payment.clone();
        let payment = named.unwrap_or_else(|| PaymentId::own(&purpose));
        Charge { payment, purpose, amount: self.bill, currency }
    }
}

#[cfg(test)]
mod tests {
    use marquee_kernel::ids::UserId;

    use super::*;

    fn invoice(status: InvoiceStatus, until: Option<i64>) -> Invoice {
        let at = Timestamp::from_millis(0);
        let until = until.map(Timestamp::from_millis);
        Invoice {
            id: InvoiceId { user: UserId::new(Uuid::nil()), number: 1 },
            items: Vec::new(),
            bill: Money::ZERO,
            means: Means::default(),
            status,
            reason: None,
            claim: until.map(|until| Claim { by: Uuid::nil(), until }),
            refused: None,
            tries: 0,
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn a_claim_is_taken_over_when_its_lease_is_over_and_a_result_never() {
        let now = Timestamp::from_millis(1_000);
        assert!(invoice(InvoiceStatus::Wait, None).can_be_claimed(now));
        assert!(!invoice(InvoiceStatus::Process, Some(1_001)).can_be_claimed(now));
        assert!(invoice(InvoiceStatus::Process, Some(1_000)).can_be_claimed(now));
        for over in [InvoiceStatus::Ok, InvoiceStatus::Rejected] {
            assert!(!invoice(over, Some(0)).can_be_claimed(now) && !over.is_open());
        }
    }

    #[test]
    fn each_invoice_has_a_payment_of_its_own_unless_one_is_named() {
        let first = invoice(InvoiceStatus::Wait, None);
        let mut second = first.clone();
        second.id.number = 2;
        let payment = |invoice: &Invoice| invoice.charge(Currency::default()).payment;
        assert_ne!(payment(&first), payment(&second));
        assert!(first.charge(Currency::default()).is_own());
        second.means.payment = Some("p-1".parse().expect("an id"));
        assert_eq!(payment(&second).as_str(), "p-1");
    }
}
