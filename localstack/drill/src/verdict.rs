//! What must be true when the drill is over.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::canteen::Stock;

/// What the drill saw.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Put in before the outage.
    pub stock: usize,
    /// Ids of the orders that were answered with 201.
    pub accepted: Vec<String>,
    /// The orders as they are listed.
    pub orders: Vec<Value>,
    /// Of any order.
    pub notifications: Vec<Value>,
    pub stock_after: Stock,
}

/// One thing that must be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub holds: bool,
    pub text: String,
}

pub fn findings(facts: &Facts) -> Vec<Finding> {
    let with = |status: &str| -> BTreeSet<&str> {
        let orders = facts.orders.iter().filter(|order| order["status"] == status);
        orders.filter_map(|order| order["order_id"].as_str()).collect()
    };
    let (reserved, failed) = (with("RESERVED"), with("FAILED"));
    let (placed, reserved_count, failed_count) =
        (facts.accepted.len(), reserved.len(), failed.len());
    let accepted: BTreeSet<_> = facts.accepted.iter().map(String::as_str).collect();
    let listed: BTreeSet<_> =
        facts.orders.iter().filter_map(|order| order["order_id"].as_str()).collect();
    let Stock { available, reserved: taken } = facts.stock_after;
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for order in facts.notifications.iter().filter_map(|told| told["order_id"].as_str()) {
        *told.entry(order).or_default() += 1;
    }
    told.retain(|order, _| accepted.contains(order));
    let told_once = told.values().all(|count| *count == 1);
    let finding = |holds, text| Finding { holds, text };
    vec![
        finding(
            placed == reserved_count + failed_count,
            format!("placed = reserved + failed: {placed} = {reserved_count} + {failed_count}"),
        ),
        finding(
            accepted == listed && facts.orders.len() == placed,
            format!("nothing lost, nothing twice: {placed} accepted, {} listed", listed.len()),
        ),
        finding(
            facts.stock == available + taken && taken == reserved_count,
            format!("stock adds up: {} = {available} left + {taken} reserved", facts.stock),
        ),
        finding(
            reserved_count == facts.stock.min(placed),
            format!("as many reserved as could be: {}", facts.stock.min(placed)),
        ),
        finding(
            told_once && told.keys().copied().eq(reserved.iter().copied()),
            format!("told of each reservation once: {} notifications", told.len()),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order(id: &str, status: &str) -> Value {
        json!({ "order_id": id, "status": status })
    }

    fn facts() -> Facts {
        Facts {
            stock: 2,
            accepted: ["a", "b", "c"].map(str::to_owned).to_vec(),
            orders: vec![order("a", "RESERVED"), order("b", "FAILED"), order("c", "RESERVED")],
            notifications: ["x", "c", "a"].map(|id| json!({ "order_id": id })).to_vec(),
            stock_after: Stock { available: 0, reserved: 2 },
        }
    }

    fn holds(change: impl FnOnce(&mut Facts)) -> Vec<bool> {
        let mut facts = facts();
        change(&mut facts);
        findings(&facts).iter().map(|finding| finding.holds).collect()
    }

    #[test]
    fn what_adds_up_holds() {
        assert_eq!(holds(|_| {}), [true; 5]);
    }

    #[test]
    fn each_kind_of_trouble_is_found() {
        let waiting = holds(|facts| facts.orders[1] = order("b", "PLACED"));
        assert_eq!(waiting, [false, true, true, true, true]);
        let lost = holds(|facts| drop(facts.orders.remove(1)));
        assert_eq!(lost, [false, false, true, true, true]);
        let twice = holds(|facts| facts.orders.push(order("b", "FAILED")));
        assert_eq!(twice, [true, false, true, true, true]);
        let gone = holds(|facts| facts.stock_after.reserved = 1);
        assert_eq!(gone, [true, true, false, true, true]);
        let refused = holds(|facts| facts.orders[2] = order("c", "FAILED"));
        assert_eq!(refused, [true, true, false, false, false]);
        let told_twice = holds(|facts| facts.notifications.push(json!({ "order_id": "a" })));
        assert_eq!(told_twice, [true, true, true, true, false]);
        let untold = holds(|facts| facts.notifications.truncate(2));
        assert_eq!(untold, [true, true, true, true, false]);
    }
}
