//! The records of payments, in the table of the context whose things are paid for.
//!
//! | partition key | sort key | item |
//! |---|---|---|
//! | `P#<payment>` | `P` | a payment: what it pays for, its status, and when it came to each |
//!
//! The index [`DUE`] (keys only, sparse) has those about which something is still to be done, by when
//! it is to be tried again. Few ever are: what goes well is never due.

use std::{collections::HashMap, time::Duration};

use marquee_dynamo::{
    client::Table,
    error::StoreError,
    item::{Item, PARTITION, ReadItem, SORT, instant, item, key, number, text, uuid},
    table::{ConditionalUpdate, IndexQuery, delete_if},
};
use marquee_kernel::time::Timestamp;
use marquee_payments_domain::{
    charge::{Charge, PaymentId},
    status::PaymentStatus,
};
use uuid::Uuid;

use crate::record::{self, CURRENCY, Record, SINCE, STATUS, THING, TRIES, key_of, read, time_of};

pub use crate::record::DUE;

/// Partitions of payments in the index: one takes 1,000 writes a second.
const SHARDS: u64 = 4;

fn shard_of(payment: &PaymentId) -> u64 {
    Uuid::new_v5(&Uuid::nil(), payment.as_str().as_bytes()).as_u64_pair().0 % SHARDS
}

fn shard_name(shard: u64) -> String {
    format!("P#{shard}")
}

/// Takes a payment out of the index.
fn not_due() -> String {
    format!("REMOVE {}, {}, {TRIES}, {SINCE}", DUE.hash, DUE.range)
}

#[derive(Clone, Debug)]
pub struct PaymentStore {
    table: Table,
}

impl PaymentStore {
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// One consistent read.
    pub async fn find(&self, payment: &PaymentId) -> Result<Option<Record>, StoreError> {
        self.table.get(key_of(payment), true).await?.as_ref().map(read).transpose()
    }

    /// Binds a payment to what it pays for, if it is not bound yet; what it is bound to, if it is.
    /// One write unit.
    pub async fn bind(
        &self,
        charge: &Charge,
        reference: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Record>, StoreError> {
        let earlier = self.table.put_new(record::new(charge, reference, now)).await?;
        earlier.as_ref().map(read).transpose()
    }

    /// The same, and that the payment is to be looked at: at `next`, if nothing is known of it by then.
    /// Two write units.
    pub async fn bind_due(
        &self,
        charge: &Charge,
        now: Timestamp,
        next: Next,
    ) -> Result<Option<Record>, StoreError> {
        let mut new = record::new(charge, None, now);
        new.extend(item([
            (DUE.hash, Some(text(shard_name(shard_of(&charge.payment))))),
            (DUE.range, Some(instant(now + next.pause))),
            (TRIES, Some(number(next.tries))),
            (SINCE, Some(instant(now))),
        ]));
        let earlier = self.table.put_new(new).await?;
        earlier.as_ref().map(read).transpose()
    }

    /// Lets go of a payment that was declined: it pays for nothing, and may be used for anything.
    pub async fn unbind(&self, charge: &Charge) -> Result<(), StoreError> {
        let pending = PaymentStatus::Pending.into_str();
        let delete = delete_if(key_of(&charge.payment), STATUS, pending)?;
        self.table.transact(vec![delete]).await.map(drop)
    }

    /// Puts on record what became of a payment, and that nothing is due any more; `false` if what
    /// is on record says otherwise. One write unit.
    pub async fn record(
        &self,
        charge: &Charge,
        status: PaymentStatus,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let at = time_of(status);
        let set = format!("#status = :status, {at} = if_not_exists({at}, :now)");
        let from: Vec<_> = status.predecessors().collect();
        let update = change(charge, &set, &not_due(), status, &from, now);
        Ok(self.table.update(update).await?.is_ok())
    }

    /// The same, but there is more to be done: at `next`, if it has not been done by then. With no
    /// `status`, it stays what it is.
    pub async fn record_due(
        &self,
        charge: &Charge,
        status: Option<PaymentStatus>,
        now: Timestamp,
        next: Next,
    ) -> Result<bool, StoreError> {
        let status_or_new = status.unwrap_or(PaymentStatus::Pending);
        let at = time_of(status_or_new);
        let set_status = match status {
            Some(_) => "#status = :status",
            None => "#status = if_not_exists(#status, :status)",
        };
        let set = format!(
            "{set_status}, {at} = if_not_exists({at}, :now), {} = :shard, {} = :next, \
             {TRIES} = :tries, {SINCE} = if_not_exists({SINCE}, :now)",
            DUE.hash, DUE.range
        );
        let from: Vec<_> = match status {
            Some(status) => status.predecessors().collect(),
            None => PaymentStatus::all().collect(),
        };
        let mut update = change(charge, &set, "", status_or_new, &from, now);
        update.values.extend(item([
            (":shard", Some(text(shard_name(shard_of(&charge.payment))))),
            (":next", Some(instant(now + next.pause))),
            (":tries", Some(number(next.tries))),
        ]));
        Ok(self.table.update(update).await?.is_ok())
    }

    /// Says that nothing is due: nothing was to be done. Unless somebody has said otherwise since the
    /// record was read.
    pub async fn settle(&self, record: &Record) -> Result<(), StoreError> {
        let Some(due) = record.due else { return Ok(()) };
        let update = ConditionalUpdate {
            key: key_of(&record.id),
            update: not_due(),
            condition: format!("{THING} = :thing AND {SINCE} = :since AND {} = :next", DUE.range),
            names: None,
            values: item([
                (":thing", Some(uuid(record.thing))),
                (":since", Some(instant(due.since))),
                (":next", Some(instant(due.next))),
            ]),
        };
        self.table.update(update).await.map(drop)
    }

    /// Looks again later.
    pub async fn postpone(
        &self,
        record: &Record,
        next: Next,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update = ConditionalUpdate {
            key: key_of(&record.id),
            update: format!("SET {} = :next, {TRIES} = :tries", DUE.range),
            condition: format!("{THING} = :thing AND attribute_exists({})", DUE.hash),
            names: None,
            values: item([
                (":thing", Some(uuid(record.thing))),
                (":next", Some(instant(now + next.pause))),
                (":tries", Some(number(next.tries))),
            ]),
        };
        self.table.update(update).await.map(drop)
    }

    /// The partitions of the index, each to be looked through by itself.
    pub fn shards() -> impl Iterator<Item = u64> + Clone {
        0..SHARDS
    }

    /// Payments of one shard that are due at `now`, out of the first `limit` entries of the index; and
    /// whether there may be more.
    pub async fn due(
        &self,
        shard: u64,
        now: Timestamp,
        limit: i32,
    ) -> Result<(Vec<Record>, bool), StoreError> {
        let query = IndexQuery {
            index: DUE.name,
            condition: format!("{} = :shard AND {} <= :now", DUE.hash, DUE.range),
            values: item([(":shard", Some(text(shard_name(shard)))), (":now", Some(instant(now)))]),
            limit,
            ..IndexQuery::default()
        };
        let (entries, last) = self.table.query_index(query).await?;
        let keys: Result<Vec<_>, StoreError> = entries
            .iter()
            .map(|entry| Ok(key(entry.text(PARTITION)?.to_owned(), entry.text(SORT)?.to_owned())))
            .collect();
        let found = self.table.batch_get(keys?, true).await?;
        let mut due = found.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        // The index may lag behind.
        due.retain(|record| record.due.is_some_and(|due| due.next <= now));
        Ok((due, last.is_some()))
    }
}

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// Tries that failed so far.
    pub tries: u32,
    pub pause: Duration,
}

/// A change to `status`, of a payment that is bound to this charge, or not on record at all.
fn change(
    charge: &Charge,
    set: &str,
    rest: &str,
    status: PaymentStatus,
    from: &[PaymentStatus],
    now: Timestamp,
) -> ConditionalUpdate {
    let binding = record::binding(charge);
    let bind: Vec<_> = binding.keys().map(|name| format!("{name} = :{name}")).collect();
    let names: Vec<_> = (0..from.len()).map(|index| format!(":from{index}")).collect();
    let mut values: Item =
        binding.into_iter().map(|(name, value)| (format!(":{name}"), value)).collect();
    values.extend(item([
        (":status", Some(text(status.into_str()))),
        (":currency", Some(text(charge.currency.as_str()))),
        (":now", Some(instant(now))),
    ]));
    values.extend(names.iter().cloned().zip(from.iter().map(|from| text(from.into_str()))));
    ConditionalUpdate {
        key: key_of(&charge.payment),
        update: format!(
            "SET {set}, {}, {CURRENCY} = if_not_exists({CURRENCY}, :currency) {rest}",
            bind.join(", ")
        ),
        condition: format!(
            "attribute_not_exists({STATUS_PLACEHOLDER}) OR ({same} AND {STATUS_PLACEHOLDER} IN ({}))",
            names.join(", "),
            same = bind.join(" AND "),
        ),
        names: Some(HashMap::from([(STATUS_PLACEHOLDER.to_owned(), STATUS.to_owned())])),
        values,
    }
}

/// `status` is a word of DynamoDB's own.
const STATUS_PLACEHOLDER: &str = "#status";
