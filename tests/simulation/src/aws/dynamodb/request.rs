//! A request, as far as limits go by it: which items it names, and how it reads.

use serde_json::Value;

use super::schema::{ItemKey, Place, Schema, Schemas, key_text};

#[derive(Clone, Debug)]
pub struct Request {
    pub operation: String,
    /// Without the token, which is not for the database.
    pub body: String,
    pub json: Value,
    pub token: Option<String>,
    /// The items it names. None if it cannot be understood: then it is refused in any case.
    pub targets: Vec<Target>,
}

/// An item, and what is to become of it.
#[derive(Clone, Debug)]
pub struct Target {
    pub key: ItemKey,
    pub verb: Verb,
    /// The part of the request that says so.
    action: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    Put,
    Update,
    Delete,
    Check,
}

impl Request {
    pub fn read(operation: &str, body: &str, schemas: &Schemas) -> Self {
        let mut json: Value = serde_json::from_str(body).unwrap_or_default();
        let token = match json.as_object_mut() {
            Some(fields) if operation == "TransactWriteItems" => {
                fields.remove("ClientRequestToken")
            }
            _ => None,
        };
        let token = token.and_then(|token| Some(token.as_str()?.to_owned()));
        let body = if token.is_some() { json.to_string() } else { body.to_owned() };
        let targets = targets(operation, &json, schemas).unwrap_or_default();
        Self { operation: operation.to_owned(), body, json, token, targets }
    }

    pub fn is_transaction(&self) -> bool {
        matches!(self.operation.as_str(), "TransactWriteItems" | "TransactGetItems")
    }

    pub fn writes(&self) -> bool {
        matches!(
            self.operation.as_str(),
            "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems"
        )
    }

    /// Whether what it reads may lag behind: unless it says otherwise, and of an index always.
    pub fn may_lag(&self) -> bool {
        let consistent = |of: &Value| of["ConsistentRead"].as_bool() == Some(true);
        match self.operation.as_str() {
            "GetItem" | "Query" | "Scan" => {
                !consistent(&self.json) || self.json["IndexName"].is_string()
            }
            "BatchGetItem" => {
                let mut tables = self.json["RequestItems"].as_object().into_iter().flatten();
                !tables.any(|(_, keys)| consistent(keys))
            }
            _ => false,
        }
    }

    /// The partition that a query reads.
    pub fn queried(&self, schemas: &Schemas) -> Option<Place> {
        let table = self.json["TableName"].as_str()?;
        let schema = schemas.get(table)?;
        let index = self.json["IndexName"].as_str();
        let hash = match index {
            Some(name) => &schema.indexes.iter().find(|index| index.name == name)?.hash,
            None => &schema.hash,
        };
        let condition = self.json["KeyConditionExpression"].as_str()?;
        let words = words(condition);
        let at = words
            .windows(2)
            .position(|pair| name(&self.json, pair[0]) == hash && pair[1] == "=")?;
        let value = words.get(at + 2)?;
        let partition = key_text(&self.json["ExpressionAttributeValues"][value])?;
        Some(Place { table: table.to_owned(), index: index.map(str::to_owned), partition })
    }
}

impl Target {
    /// The item that it puts.
    pub fn item(&self) -> Option<&Value> {
        (self.verb == Verb::Put).then(|| &self.action["Item"])
    }

    /// The places that the item as it is, and as it may become, are at: of the table, and of each index that
    /// the write concerns. What an update makes of an index's key is one of its values, or not; it is not
    /// looked at which.
    pub fn places(&self, schema: &Schema, old: Option<&Value>) -> Vec<Place> {
        let mut places = vec![self.key.place()];
        for index in &schema.indexes {
            let concerned = match self.verb {
                Verb::Get | Verb::Check => false,
                Verb::Put | Verb::Delete => true,
                Verb::Update => {
                    let expression = self.action["UpdateExpression"].as_str().unwrap_or_default();
                    words(expression)
                        .into_iter()
                        .any(|word| index.follows(name(&self.action, word)))
                }
            };
            if !concerned {
                continue;
            }
            let before = old.and_then(|item| key_text(&item[&index.hash]));
            let put = self.item().and_then(|item| key_text(&item[&index.hash]));
            let values = self.action["ExpressionAttributeValues"].as_object();
            let values = values.filter(|_| self.verb == Verb::Update);
            let updated = values.into_iter().flatten().filter_map(|(_, value)| key_text(value));
            let partitions = before.into_iter().chain(put).chain(updated);
            places.extend(partitions.map(|partition| index.place(&self.key.table, partition)));
        }
        places
    }
}

/// What a word of an expression stands for.
fn name<'a>(action: &'a Value, word: &'a str) -> &'a str {
    action["ExpressionAttributeNames"][word].as_str().unwrap_or(word)
}

/// The names, values and equals signs of an expression.
fn words(expression: &str) -> Vec<&str> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '#' | ':');
    let mut words = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
        let end = if end == 0 { first.len_utf8() } else { end };
        let (word, after) = rest.split_at(end);
        if word == "=" || word.starts_with(part) {
            words.push(word);
        }
        rest = after;
    }
    words
}

fn targets(operation: &str, json: &Value, schemas: &Schemas) -> Option<Vec<Target>> {
    let one = |verb: Verb, action: &Value| {
        let table = action["TableName"].as_str()?;
        let named = if verb == Verb::Put { &action["Item"] } else { &action["Key"] };
        let key = schemas.get(table)?.key(table, named)?;
        Some(Target { key, verb, action: action.clone() })
    };
    match operation {
        "GetItem" => Some(vec![one(Verb::Get, json)?]),
        "PutItem" => Some(vec![one(Verb::Put, json)?]),
        "UpdateItem" => Some(vec![one(Verb::Update, json)?]),
        "DeleteItem" => Some(vec![one(Verb::Delete, json)?]),
        "TransactWriteItems" | "TransactGetItems" => {
            let items = json["TransactItems"].as_array()?.iter();
            let verbs = [
                ("Get", Verb::Get),
                ("Put", Verb::Put),
                ("Update", Verb::Update),
                ("Delete", Verb::Delete),
                ("ConditionCheck", Verb::Check),
            ];
            let target = |item: &Value| {
                let (_, verb) = verbs.iter().find(|(name, _)| item[name].is_object())?;
                let (_, action) =
                    item.as_object()?.iter().find(|(_, action)| action.is_object())?;
                one(*verb, action)
            };
            items.map(target).collect()
        }
        "BatchGetItem" => batch(&json["RequestItems"], schemas),
        _ => Some(Vec::new()),
    }
}

/// The items of a batch, or of the part of it that was left.
pub fn batch(tables: &Value, schemas: &Schemas) -> Option<Vec<Target>> {
    let mut targets = Vec::new();
    for (table, wanted) in tables.as_object()? {
        for named in wanted["Keys"].as_array()? {
            let key = schemas.get(table)?.key(table, named)?;
            targets.push(Target { key, verb: Verb::Get, action: named.clone() });
        }
    }
    Some(targets)
}
