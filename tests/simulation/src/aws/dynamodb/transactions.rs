//! Transactions that overlap with other writes of the same item.
//!
//! "DynamoDB transactions: how it works", transaction conflict handling: a write of an item that an ongoing
//! transaction includes is refused, and so is a transaction whose item is being written.

use std::collections::BTreeMap;

use super::{
    request::{Request, Verb},
    schema::ItemKey,
};

/// The writes that have begun and have not finished.
#[derive(Debug, Default)]
pub struct InFlight {
    begun: BTreeMap<u64, Ongoing>,
    count: u64,
}

#[derive(Debug)]
struct Ongoing {
    is_transaction: bool,
    keys: Vec<ItemKey>,
}

impl InFlight {
    /// Which of a request's items are in conflict with what is under way. All of them `false` if it may go on.
    pub fn conflicts(&self, request: &Request) -> Vec<bool> {
        let is_transaction = request.is_transaction();
        let reads = !request.writes() && !is_transaction;
        let met = |key: &ItemKey| {
            let mut ongoing = self.begun.values();
            // Single writes of one item follow each other, and plain reads are in nobody's way.
            !reads
                && ongoing.any(|other| {
                    (is_transaction || other.is_transaction) && other.keys.contains(key)
                })
        };
        request.targets.iter().map(|target| met(&target.key)).collect()
    }

    /// A request is under way from here until it [ends](Self::end).
    pub fn begin(&mut self, request: &Request) -> u64 {
        self.count += 1;
        if request.writes() {
            let targets = request.targets.iter().filter(|target| target.verb != Verb::Get);
            let keys = targets.map(|target| target.key.clone()).collect();
            let is_transaction = request.is_transaction();
            self.begun.insert(self.count, Ongoing { is_transaction, keys });
        }
        self.count
    }

    pub fn end(&mut self, number: u64) {
        self.begun.remove(&number);
    }
}
