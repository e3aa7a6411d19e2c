//! A payment as an item.

use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, instant, item, key, number, text, uuid},
    table::schema::Index,
};
use marquee_kernel::{money::Money, time::Timestamp};
use marquee_payments_domain::{
    charge::{Charge, PaymentId},
    provider::Known,
    status::PaymentStatus,
};
use uuid::Uuid;

/// What is due, by when: a context's table has this index, and may keep more in it.
pub const DUE: Index = Index { name: "overdue", hash: "due", range: "expires" };

pub(crate) const KIND: &str = "kind";
pub(crate) const THING: &str = "thing";
pub(crate) const AMOUNT: &str = "amount";
pub(crate) const CURRENCY: &str = "currency";
pub(crate) const REFERENCE: &str = "ref";
pub(crate) const STATUS: &str = "status";
pub(crate) const TRIES: &str = "tries";
pub(crate) const SINCE: &str = "since";

/// What is on record of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub id: PaymentId,
    pub kind: String,
    pub thing: Uuid,
    pub amount: Money,
    pub currency: String,
    /// What the provider calls it.
    pub reference: Option<String>,
    pub status: PaymentStatus,
    /// When it came to each status that it came to.
    pub times: Vec<(PaymentStatus, Timestamp)>,
    pub due: Option<Due>,
}

/// Something is still to be done about a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Tries that failed.
    pub tries: u32,
    /// Since when it is due.
    pub since: Timestamp,
    /// When it is to be tried again.
    pub next: Timestamp,
}

/// The attribute that holds when a payment came to a status.
pub(crate) fn time_of(status: PaymentStatus) -> String {
    format!("{}_at", status.into_str())
}

pub(crate) fn key_of(payment: &PaymentId) -> Item {
    key(format!("P#{payment}"), "P".to_owned())
}

/// What a payment is bound to.
pub(crate) fn binding(charge: &Charge) -> Item {
    item([
        (KIND, Some(text(charge.purpose.kind))),
        (THING, Some(uuid(charge.purpose.id))),
        (AMOUNT, Some(number(charge.amount))),
    ])
}

pub(crate) fn new(charge: &Charge, reference: Option<&str>, now: Timestamp) -> Item {
    let status = PaymentStatus::Pending;
    let mut written = key_of(&charge.payment);
    written.extend(binding(charge));
    written.extend(item([
        (CURRENCY, Some(text(charge.currency.as_str()))),
        (STATUS, Some(text(status.into_str()))),
        (&time_of(status), Some(instant(now))),
        (REFERENCE, reference.map(text)),
    ]));
    written
}

pub(crate) fn read(item: &Item) -> Result<Record, StoreError> {
    let id = item.text("pk")?.strip_prefix("P#").and_then(|id| id.parse().ok());
    let at = |name| item.optional_number(name).map(Timestamp::from_millis);
    let due = match (item.optional_number(TRIES), at(SINCE), at(DUE.range)) {
        (Some(tries), Some(since), Some(next)) => Some(Due { tries, since, next }),
        _ => None,
    };
    Ok(Record {
        id: id.ok_or_else(|| StoreError::unreadable("a payment's id"))?,
        kind: item.text(KIND)?.to_owned(),
        thing: item.uuid(THING)?,
        amount: item.number(AMOUNT)?,
        currency: item.text(CURRENCY)?.to_owned(),
        reference: item.optional_text(REFERENCE).map(str::to_owned),
        status: item.parsed(STATUS)?,
        times: PaymentStatus::all()
            .filter_map(|status| Some((status, item.instant(&time_of(status)).ok()?)))
            .collect(),
        due,
    })
}

impl Record {
    /// Whether it pays for just this. The currency is ours to set and may have been another then.
    pub fn is_for(&self, charge: &Charge) -> bool {
        self.kind == charge.purpose.kind
            && self.thing == charge.purpose.id
            && self.amount == charge.amount
    }
}

/// The charge in the currency that it was bound in.
pub(crate) fn as_bound(charge: &Charge, record: Option<&Record>) -> Charge {
    let bound = record.and_then(|record| record.currency.parse().ok());
    Charge { currency: bound.unwrap_or(charge.currency), ..charge.clone() }
}

pub(crate) fn known(charge: &Charge, record: Option<&Record>) -> Known {
    Known {
        charge: as_bound(charge, record),
        reference: record.and_then(|record| record.reference.clone()),
        recorded: record.map(|record| record.status),
        tries: record.and_then(|record| record.due).map_or(0, |due| due.tries),
    }
}
