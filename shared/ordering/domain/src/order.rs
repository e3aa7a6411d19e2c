//! An order's life.
//!
//! ```text
//! PLACED ──► RESERVED ──► CANCELLED
//!   │  └────────────────────▲
//!   └──► FAILED
//! ```
//!
//! There is no way back: `FAILED` and `CANCELLED` are final, and a reserved order can only be
//! cancelled, which returns its stock.

use std::{fmt, num::NonZeroU32};

use marquee_kernel::time::Timestamp;

use crate::names::{ItemName, OrderId, StudentId};

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
    strum::VariantArray,
    strum::VariantNames,
)]
#[strum(serialize_all = "UPPERCASE", const_into_str, ascii_case_insensitive)]
pub enum OrderStatus {
    /// Accepted; the inventory has not answered yet.
    Placed,
    Reserved,
    /// The inventory could not reserve it.
    Failed,
    Cancelled,
}

impl OrderStatus {
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;
    pub const NAMES: &[&str] = <Self as strum::VariantNames>::VARIANTS;

    /// The statuses from which an order may come to this one.
    pub const fn comes_from(self) -> &'static [Self] {
        match self {
            Self::Placed => &[],
            Self::Reserved | Self::Failed => &[Self::Placed],
            Self::Cancelled => &[Self::Placed, Self::Reserved],
        }
    }
}

/// More than any kitchen has, and far from any sum's limit.
pub const QUANTITY_MAX: u32 = 1_000_000;

/// How many of an item: 1 to [`QUANTITY_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quantity(NonZeroU32);

impl Quantity {
    pub fn new(count: i64) -> Option<Self> {
        let count = u32::try_from(count).ok().filter(|count| *count <= QUANTITY_MAX)?;
        NonZeroU32::new(count).map(Self)
    }

    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What was asked for, by whom: the same in every service that hears of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    pub id: OrderId,
    pub item: ItemName,
    pub quantity: Quantity,
    /// Missing only in an event that was published by hand.
    pub student: Option<StudentId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub line: OrderLine,
    pub status: OrderStatus,
    /// Why it failed.
    pub reason: Option<String>,
    pub placed_at: Timestamp,
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_way_back_and_nothing_leads_out_of_a_final_status() {
        for to in OrderStatus::ALL {
            assert!(!to.comes_from().contains(to));
            assert!(!to.comes_from().contains(&OrderStatus::Failed));
            assert!(!to.comes_from().contains(&OrderStatus::Cancelled));
        }
        assert!(OrderStatus::Placed.comes_from().is_empty());
        assert_eq!(OrderStatus::Reserved.comes_from(), [OrderStatus::Placed]);
    }

    #[test]
    fn statuses_read_as_they_print() {
        for status in OrderStatus::ALL {
            assert_eq!(status.into_str().parse(), Ok(*status));
            assert_eq!(status.to_string(), status.into_str());
        }
        assert_eq!("cancelled".parse(), Ok(OrderStatus::Cancelled));
        assert!("EATEN".parse::<OrderStatus>().is_err());
    }

    #[test]
    fn a_quantity_is_at_least_one() {
        assert_eq!(Quantity::new(0), None);
        assert_eq!(Quantity::new(-1), None);
        assert_eq!(Quantity::new(2).map(Quantity::get), Some(2));
        assert_eq!(Quantity::new(i64::from(QUANTITY_MAX) + 1), None);
    }
}
