//! What is to be paid, and by which payment.

use std::{fmt, str::FromStr};

use marquee_kernel::money::Money;
use uuid::Uuid;

const ID_LEN_MAX: usize = 64;

/// The one thing that a payment pays for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// `reservation`, or whatever else a context sells.
    pub kind: &'static str,
    pub id: Uuid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to {ID_LEN_MAX} characters")]
pub struct PaymentIdError;

/// What a payment is known by, here and in what the provider is told: 1 to 64 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PaymentId(String);

impl PaymentId {
    /// A thing's own payment, which nobody had to name: the same for every try.
    pub fn own(purpose: &Purpose) -> Self {
        Self(Uuid::new_v5(&purpose.id, b"payment").to_string())
    }

    /// Whether it is named as things' own payments are: then it is one thing's and can be no other's.
    pub fn is_somethings_own(&self) -> bool {
        Uuid::parse_str(&self.0).is_ok_and(|uuid| uuid.get_version_num() == 5)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PaymentId {
    type Err = PaymentIdError;

    fn from_str(text: &str) -> Result<Self, PaymentIdError> {
        let text = text.trim();
        let fits = !text.is_empty() && text.chars().count() <= ID_LEN_MAX;
        fits.then(|| Self(text.to_owned())).ok_or(PaymentIdError)
    }
}

impl fmt::Display for PaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be three letters, and a currency with two decimal places")]
pub struct CurrencyError;

/// An ISO 4217 code in lower case, of a currency with cents: amounts have two decimal places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency([u8; 3]);

/// Currencies whose smallest unit is not a hundredth.
const WITHOUT_CENTS: &str = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf \
    bhd jod kwd omr tnd iqd lyd isk huf twd";

impl Currency {
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self(*b"eur")
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        let code = text.to_ascii_lowercase();
        let letters = code.bytes().all(|letter| letter.is_ascii_lowercase());
        let known = letters && !WITHOUT_CENTS.split(' ').any(|other| other == code);
        let code = code.into_bytes().try_into().ok().filter(|_| known);
        code.map(Self).ok_or(CurrencyError)
    }
}

/// A payment, and what it is bound to before any money moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    pub payment: PaymentId,
    pub purpose: Purpose,
    pub amount: Money,
    pub currency: Currency,
}

impl Charge {
    /// Whether it is the thing's own payment, which can be no other thing's.
    pub fn is_own(&self) -> bool {
        self.payment == PaymentId::own(&self.purpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_has_cents() {
        assert_eq!("EUR".parse::<Currency>().map(|c| c.as_str().to_owned()), Ok("eur".into()));
        for wrong in ["jpy", "KWD", "euro", "e1r", ""] {
            assert_eq!(wrong.parse::<Currency>(), Err(CurrencyError), "{wrong}");
        }
    }

    #[test]
    fn two_things_have_different_payments_and_one_thing_has_one() {
        let purpose = |id| Purpose { kind: "reservation", id: Uuid::from_u128(id) };
        assert_eq!(PaymentId::own(&purpose(1)), PaymentId::own(&purpose(1)));
        assert_ne!(PaymentId::own(&purpose(1)), PaymentId::own(&purpose(2)));
        assert!(PaymentId::own(&purpose(1)).is_somethings_own());
        let named: PaymentId = "99999999-0000-0000-0000-000000000001".parse().expect("an id");
        assert!(!named.is_somethings_own());
    }
}
