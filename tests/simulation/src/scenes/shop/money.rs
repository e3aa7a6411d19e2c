//! What must hold of money at each step: an invoice is charged once, and just when it says so.

use std::collections::BTreeMap;

use marquee_kernel::time::Timestamp;
use marquee_testkit::ledger::Ledger;
use uuid::Uuid;

use super::items::{self, Invoice, InvoiceStatus, Item};
use crate::{
    aws::dynamodb::Change,
    watch::{Image, Oracle},
};

/// Watches what the provider has taken.
#[derive(Debug)]
pub(super) struct Money {
    provider: Ledger,
    /// By what the provider knows them by.
    invoices: BTreeMap<Uuid, Invoice>,
}

/// What the provider has of an invoice, in cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// Captured, and not given back.
    pub(super) kept: u64,
    /// Reserved, and neither taken nor let go.
    pub(super) held: u64,
}

/// By what it was taken for.
pub(super) fn taken(provider: &Ledger) -> BTreeMap<Uuid, Taken> {
    let mut taken: BTreeMap<Uuid, Taken> = BTreeMap::new();
    for entry in provider.entries().into_values() {
        let sum = taken.entry(entry.thing).or_default();
        sum.kept += entry.captured - entry.refunded;
        sum.held += if entry.is_held() { entry.amount } else { 0 };
    }
    taken
}

impl Money {
    pub(super) fn new(provider: Ledger) -> Self {
        Self { provider, invoices: BTreeMap::new() }
    }
}

impl Oracle for Money {
    fn changed(&mut self, change: &Change, _: &Image, _: Timestamp) -> Result<(), String> {
        let new = &change.record["dynamodb"]["NewImage"];
        let mut decided = None;
        if !new.is_null()
            && let Item::Invoice(invoice) = items::read(new)?
        {
            decided = Some(invoice.thing());
            self.invoices.insert(invoice.thing(), invoice);
        }
        let taken = taken(&self.provider);
        if let Some(thing) = taken.keys().find(|thing| !self.invoices.contains_key(thing)) {
            return Err(format!("the provider has a payment for {thing}, which is no invoice"));
        }
        for (thing, invoice) in &self.invoices {
            let kept = taken.get(thing).copied().unwrap_or_default().kept;
            let is_right = match invoice.status {
                InvoiceStatus::Ok => kept == invoice.cents,
                InvoiceStatus::Rejected if decided == Some(*thing) => kept == 0,
                _ => kept <= invoice.cents,
            };
            if !is_right {
                let Invoice { user, number, status, cents, .. } = invoice;
                let of = format!("invoice {user}-{number} ({thing})");
                return Err(format!("{of} is {status}: {kept} of {cents} cents are taken"));
            }
        }
        Ok(())
    }
}
