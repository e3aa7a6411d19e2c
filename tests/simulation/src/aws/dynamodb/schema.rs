//! What is known of tables: their keys and indexes, and the places in them that load falls on.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// An item of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ItemKey {
    pub table: String,
    pub partition: String,
    pub sort: String,
}

impl ItemKey {
    pub fn place(&self) -> Place {
        Place { table: self.table.clone(), index: None, partition: self.partition.clone() }
    }
}

/// A partition key value of a table or of an index: what has a throughput of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub table: String,
    pub index: Option<String>,
    pub partition: String,
}

pub type Schemas = BTreeMap<String, Schema>;

#[derive(Clone, Debug)]
pub struct Schema {
    pub hash: String,
    range: Option<String>,
    pub indexes: Vec<Index>,
}

#[derive(Clone, Debug)]
pub struct Index {
    pub name: String,
    pub hash: String,
    range: Option<String>,
    projected: Projected,
}

#[derive(Clone, Debug)]
enum Projected {
    Keys,
    Include(Vec<String>),
    All,
}

/// What an index holds of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub partition: String,
    sort: String,
    pub projected: Value,
}

impl Entry {
    /// Whether one takes the other's place in the index.
    pub fn is_where(&self, other: &Self) -> bool {
        (&self.partition, &self.sort) == (&other.partition, &other.sort)
    }
}

impl Schema {
    /// As `CreateTable` says, with the table's name.
    pub fn read(create_table: &Value) -> Option<(String, Self)> {
        let (hash, range) = keys(&create_table["KeySchema"])?;
        let indexes = create_table["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
        let indexes = indexes.map(Index::read).collect::<Option<_>>()?;
        let table = create_table["TableName"].as_str()?.to_owned();
        Some((table, Self { hash, range, indexes }))
    }

    /// The item that these attributes name.
    pub fn key(&self, table: &str, attributes: &Value) -> Option<ItemKey> {
        let partition = key_text(&attributes[&self.hash])?;
        let sort = match &self.range {
            Some(range) => key_text(&attributes[range])?,
            None => String::new(),
        };
        Some(ItemKey { table: table.to_owned(), partition, sort })
    }

    /// The key of an item that nobody writes.
    pub fn nobody(&self) -> Value {
        let names = std::iter::once(&self.hash).chain(&self.range);
        names.map(|name| (name.clone(), json!({ "S": "nobody" }))).collect::<Map<_, _>>().into()
    }

    fn is_key(&self, name: &str) -> bool {
        name == self.hash || self.range.as_deref() == Some(name)
    }
}

impl Index {
    fn read(index: &Value) -> Option<Self> {
        let (hash, range) = keys(&index["KeySchema"])?;
        let projected = match index["Projection"]["ProjectionType"].as_str() {
            Some("KEYS_ONLY") => Projected::Keys,
            Some("INCLUDE") => {
                let names = index["Projection"]["NonKeyAttributes"].as_array();
                let names = names.into_iter().flatten().filter_map(Value::as_str);
                Projected::Include(names.map(str::to_owned).collect())
            }
            _ => Projected::All,
        };
        Some(Self { name: index["IndexName"].as_str()?.to_owned(), hash, range, projected })
    }

    fn is_key(&self, name: &str) -> bool {
        name == self.hash || self.range.as_deref() == Some(name)
    }

    /// Whether a change of this attribute changes what the index holds.
    pub fn follows(&self, name: &str) -> bool {
        self.is_key(name)
            || match &self.projected {
                Projected::Keys => false,
                Projected::Include(names) => names.iter().any(|included| included == name),
                Projected::All => true,
            }
    }

    /// What it holds of this item, if it is in the index.
    pub fn entry(&self, schema: &Schema, item: &Value) -> Option<Entry> {
        let partition = key_text(&item[&self.hash])?;
        let sort = match &self.range {
            Some(range) => key_text(&item[range])?,
            None => String::new(),
        };
        let attributes = item.as_object()?.iter();
        let held = attributes.filter(|(name, _)| schema.is_key(name) || self.follows(name));
        let projected = held.map(|(name, value)| (name.clone(), value.clone())).collect();
        Some(Entry { partition, sort, projected: Value::Object(projected) })
    }

    pub fn place(&self, table: &str, partition: String) -> Place {
        Place { table: table.to_owned(), index: Some(self.name.clone()), partition }
    }
}

fn keys(schema: &Value) -> Option<(String, Option<String>)> {
    let of = |kind: &str| {
        let mut elements = schema.as_array()?.iter();
        let element = elements.find(|element| element["KeyType"].as_str() == Some(kind))?;
        Some(element["AttributeName"].as_str()?.to_owned())
    };
    Some((of("HASH")?, of("RANGE")))
}

/// A key's value as text; equal numbers are equal however they are written.
pub fn key_text(value: &Value) -> Option<String> {
    let (kind, value) = value.as_object()?.iter().next()?;
    let text = value.as_str()?;
    Some(match kind.as_str() {
        "N" => dynoxide::types::normalize_dynamo_number(text),
        _ => text.to_owned(),
    })
}
