//! Decimal amounts. No amount is ever a float, here or in storage.

use std::{fmt, iter::Sum, str::FromStr};

use rust_decimal::{Decimal, RoundingStrategy};

/// Larger than any ticket, small enough that no sum of a hall overflows or loses a digit as JSON.
const AMOUNT_MAX: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    #[error("must be a decimal number")]
    NotANumber,
    #[error("must have at most two decimal places")]
    TooPrecise,
    #[error("must not be negative")]
    Negative,
    #[error("must be at most {AMOUNT_MAX}")]
    TooLarge,
}

/// An amount in the seller's currency, with two decimal places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Money(Decimal);

impl Money {
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Rounds half away from zero to two places, as a till does.
    pub fn times(self, multiplier: Multiplier) -> Result<Self, AmountError> {
        let product = self.0.checked_mul(multiplier.0).ok_or(AmountError::TooLarge)?;
        in_range(product).map(|amount| Self(round_to_cents(amount)))
    }

    pub const fn decimal(self) -> Decimal {
        self.0
    }

    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Of so many hundredths. A sum may be larger than one amount.
    pub fn from_cents(cents: u64) -> Self {
        Self(Decimal::from_i128_with_scale(cents.into(), 2))
    }

    /// In hundredths.
    pub fn cents(self) -> u64 {
        (self.0 * Decimal::ONE_HUNDRED).try_into().unwrap_or(u64::MAX)
    }
}

impl FromStr for Money {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let amount = parse_amount(text)?;
        let cents = round_to_cents(amount);
        if cents == amount { Ok(Self(cents)) } else { Err(AmountError::TooPrecise) }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.normalize().fmt(f)
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.map(|amount| amount.0).sum())
    }
}

/// What a price tier multiplies the base price by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Multiplier(Decimal);

impl Multiplier {
    pub const ONE: Self = Self(Decimal::ONE);

    pub const fn decimal(self) -> Decimal {
        self.0
    }
}

impl FromStr for Multiplier {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        parse_amount(text).map(Self)
    }
}

impl fmt::Display for Multiplier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.normalize().fmt(f)
    }
}

fn round_to_cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

fn parse_amount(text: &str) -> Result<Decimal, AmountError> {
    let amount = Decimal::from_str(text)
        .or_else(|_| Decimal::from_scientific(text))
        .map_err(|_| AmountError::NotANumber)?;
    in_range(amount)
}

fn in_range(amount: Decimal) -> Result<Decimal, AmountError> {
    if amount.is_sign_negative() && !amount.is_zero() {
        return Err(AmountError::Negative);
    }
    if amount > AMOUNT_MAX {
        return Err(AmountError::TooLarge);
    }
    Ok(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        text.parse().expect("an amount")
    }

    #[test]
    fn a_third_of_a_price_is_rounded_once_and_half_goes_up() {
        let third: Multiplier = "0.333333".parse().expect("a multiplier");
        assert_eq!(money("10.00").times(third), Ok(money("3.33")));
        let half: Multiplier = "0.5".parse().expect("a multiplier");
        assert_eq!(money("0.01").times(half), Ok(money("0.01")));
    }

    #[test]
    fn ten_times_ten_cents_is_exactly_one() {
        assert_eq!(std::iter::repeat_n(money("0.1"), 10).sum::<Money>(), money("1"));
    }

    #[test]
    fn cents_are_exact() {
        assert_eq!(money("19.99").cents(), 1_999);
        assert_eq!(money("1000000000").cents(), 100_000_000_000);
        assert!(money("0.00").is_zero());
        assert_eq!(Money::from_cents(1_999), money("19.99"));
    }

    #[test]
    fn amounts_outside_the_range_are_refused() {
        assert_eq!("-1".parse::<Money>(), Err(AmountError::Negative));
        assert_eq!("0.001".parse::<Money>(), Err(AmountError::TooPrecise));
        assert_eq!("1e12".parse::<Money>(), Err(AmountError::TooLarge));
        let double: Multiplier = "2".parse().expect("a multiplier");
        assert_eq!(money("600000000").times(double), Err(AmountError::TooLarge));
        assert_eq!("ten".parse::<Money>(), Err(AmountError::NotANumber));
    }
}
