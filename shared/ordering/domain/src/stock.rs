//! Who gets what is left.

use std::fmt;

use crate::{names::ItemName, order::Quantity};

/// So that no sum of stock and reservations leaves 64 bits.
pub const STOCK_MAX: u64 = 1_000_000_000;

/// An item's stock. Their sum changes only when somebody puts stock in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// What can still be ordered.
    pub available: u64,
    /// What orders have reserved and not returned.
    pub reserved: u64,
}

/// What an order comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Reserved,
    Failed(StockRefusal),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StockRefusal {
    UnknownItem,
    NotEnough { available: u64, wanted: Quantity },
}

impl StockRefusal {
    /// For the person who ordered.
    pub fn describe<'a>(&'a self, item: &'a ItemName) -> impl fmt::Display + 'a {
        fmt::from_fn(move |f| match self {
            Self::UnknownItem => write!(f, "there is no item {item:?}", item = item.as_str()),
            Self::NotEnough { available: 0, .. } => write!(f, "{item} is sold out"),
            Self::NotEnough { available, wanted } => {
                write!(f, "not enough {item}: {wanted} ordered, {available} left")
            }
        })
    }
}

/// Decides orders for one item in their turn: each gets all it wants if that is left, and else
/// nothing. `None` for an item that nobody ever put in stock.
pub fn allocate(stock: Option<Stock>, wanted: impl IntoIterator<Item = Quantity>) -> Vec<Decision> {
    let mut left = stock.map(|stock| stock.available);
    let decide = |wanted: Quantity| match &mut left {
        None => Decision::Failed(StockRefusal::UnknownItem),
        Some(left) => match left.checked_sub(wanted.get().into()) {
            Some(rest) => {
                *left = rest;
                Decision::Reserved
            }
            None => Decision::Failed(StockRefusal::NotEnough { available: *left, wanted }),
        },
    };
    wanted.into_iter().map(decide).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quantity(count: i64) -> Quantity {
        Quantity::new(count).expect("a quantity")
    }

    fn stock(available: u64) -> Option<Stock> {
        Some(Stock { available, reserved: 3 })
    }

    #[test]
    fn an_order_gets_all_or_nothing_and_a_smaller_one_behind_it_may_still_fit() {
        let decisions = allocate(stock(5), [3, 3, 2, 1].map(quantity));
        let refused = StockRefusal::NotEnough { available: 2, wanted: quantity(3) };
        let sold_out = StockRefusal::NotEnough { available: 0, wanted: quantity(1) };
        assert_eq!(
            decisions,
            [
                Decision::Reserved,
                Decision::Failed(refused),
                Decision::Reserved,
                Decision::Failed(sold_out),
            ]
        );
    }

    #[test]
    fn a_refusal_says_what_is_wrong() {
        let pizza: ItemName = "Pizza".parse().expect("a name");
        let say = |refusal: StockRefusal| refusal.describe(&pizza).to_string();
        assert_eq!(say(StockRefusal::UnknownItem), "there is no item \"Pizza\"");
        let few = StockRefusal::NotEnough { available: 2, wanted: quantity(3) };
        assert_eq!(say(few), "not enough Pizza: 3 ordered, 2 left");
        let none = StockRefusal::NotEnough { available: 0, wanted: quantity(3) };
        assert_eq!(say(none), "Pizza is sold out");
    }

    proptest! {
        #[test]
        fn deciding_together_is_deciding_one_by_one_and_never_gives_more_than_there_is(
            available in 0_u64..200,
            wanted in prop::collection::vec(1_i64..60, 0..20),
        ) {
            let wanted: Vec<_> = wanted.into_iter().map(quantity).collect();
            let together = allocate(stock(available), wanted.iter().copied());
            let mut left = available;
            for (wanted, decision) in wanted.iter().zip(&together) {
                let alone = allocate(stock(left), [*wanted]).remove(0);
                prop_assert_eq!(decision, &alone);
                if alone == Decision::Reserved {
                    left -= u64::from(wanted.get());
                }
            }
            prop_assert_eq!(together.len(), wanted.len());
        }
    }
}
