//! Units: what a request consumes, of which partition key values.

use serde_json::Value;

use super::{
    schema::{Entry, ItemKey, Place, Schema},
    sizes::item_size,
};

/// Units that one partition key value gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Charge {
    pub place: Place,
    pub units: f64,
}

/// "DynamoDB transactions: how it works": two underlying reads or writes of every item.
pub const TRANSACTION: f64 = 2.0;

/// "DynamoDB read and write operations": one write unit for each started KB.
pub fn write_units(size: usize) -> f64 {
    size.div_ceil(1024).max(1) as f64
}

/// One read unit for each started 4 KB; half of it if the read may lag behind.
pub fn read_units(size: usize, consistent: bool) -> f64 {
    let units = size.div_ceil(4096).max(1) as f64;
    if consistent { units } else { units / 2.0 }
}

/// A write that took place: the larger of the item before and after, and each index whose entry changes.
/// `factor` is for the table alone: an index is written once, whatever wrote the table.
pub fn written(
    schema: &Schema,
    key: &ItemKey,
    old: Option<&Value>,
    new: Option<&Value>,
    factor: f64,
) -> Vec<Charge> {
    let mut charges = vec![refused(key, old, new, factor)];
    for index in &schema.indexes {
        let entry = |item: Option<&Value>| index.entry(schema, item?);
        for (partition, units) in index_writes(entry(old), entry(new)) {
            charges.push(Charge { place: index.place(&key.table, partition), units });
        }
    }
    charges
}

/// A write that was refused by its condition costs as much, of the table: the larger of the item that is there
/// and the one that would be.
pub fn refused(key: &ItemKey, old: Option<&Value>, new: Option<&Value>, factor: f64) -> Charge {
    let size = |item: Option<&Value>| item.map_or(0, item_size);
    let units = factor * write_units(size(old).max(size(new)));
    Charge { place: key.place(), units }
}

/// "Using global secondary indexes", write operations: an entry that is put or deleted is one write; one that
/// moves is two; one that stays as it is is none.
fn index_writes(old: Option<Entry>, new: Option<Entry>) -> Vec<(String, f64)> {
    let units = |entry: &Entry| write_units(item_size(&entry.projected));
    match (old, new) {
        (Some(old), Some(new)) if old.is_where(&new) => match old == new {
            true => Vec::new(),
            false => vec![(old.partition.clone(), units(&old).max(units(&new)))],
        },
        (old, new) => {
            let entries = old.into_iter().chain(new);
            entries.map(|entry| (entry.partition.clone(), units(&entry))).collect()
        }
    }
}
