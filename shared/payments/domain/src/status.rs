//! What becomes of a payment.
//!
//! ```text
//!   pending ──▶ authorised ──▶ captured ──▶ refund_due ──▶ refunded
//!      │            │  ╲                        ▲
//!      ╰────────────┴──▶ voided   failed ───────╯ (captured after all)
//! ```
//!
//! Money moves at `captured` and `refunded`, and nowhere else. `authorised` is what a confirmed thing
//! says of its payment until that is captured; it is not written on its own.

/// What is on record of a payment.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum PaymentStatus {
    /// Bound to what it pays for; the buyer has not paid yet, or is about to.
    Pending,
    /// The money is reserved.
    Authorised,
    Captured,
    /// Came to nothing before the money was taken.
    Voided,
    /// Taken, and on its way back.
    RefundDue,
    Refunded,
    /// The provider refused to hand over what it had authorised: somebody has to look.
    Failed,
}

impl PaymentStatus {
    pub const NAMES: &[&str] = <Self as strum::VariantNames>::VARIANTS;

    pub fn all() -> impl Iterator<Item = Self> {
        <Self as strum::IntoEnumIterator>::iter()
    }

    /// From which it may come about. A repetition of the same step is one of them.
    pub fn predecessors(self) -> impl Iterator<Item = Self> {
        Self::all().filter(move |from| from.may_become(self))
    }

    pub fn may_become(self, next: Self) -> bool {
        use PaymentStatus::{Authorised, Captured, Failed, Pending, RefundDue, Refunded, Voided};
        match (self, next) {
            (from, to) if from == to => true,
            (Pending | Authorised | Failed, Captured | Voided | Failed | RefundDue)
            | (Pending, Authorised)
            | (Captured, RefundDue)
            | (RefundDue, Refunded) => true,
            _ => false,
        }
    }

    /// Whether it can no longer pay for anything.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Voided | Self::RefundDue | Self::Refunded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_back_or_came_to_nothing_is_never_captured_again() {
        for over in PaymentStatus::all().filter(|status| status.is_over()) {
            assert!(!over.may_become(PaymentStatus::Captured), "{over:?}");
        }
    }

    #[test]
    fn only_what_was_captured_is_refunded() {
        let before: Vec<_> = PaymentStatus::Refunded.predecessors().collect();
        assert_eq!(before, [PaymentStatus::RefundDue, PaymentStatus::Refunded]);
        assert!(!PaymentStatus::Captured.may_become(PaymentStatus::Voided));
    }
}
