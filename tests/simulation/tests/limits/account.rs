//! An account with one table, whose clock a test moves.

use std::{cell::Cell, time::Duration};

use serde_json::{Value, json};
use simulation::{
    aws::dynamodb::{
        Answer, Service,
        rules::{Direction, Rules},
        schema::Place,
        service::Underway,
    },
    chance::Chance,
    mix::{Fault, Mix},
};

pub(crate) const TABLE: &str = "things";
/// An index of keys alone.
pub(crate) const BY_KIND: &str = "by_kind";
/// An index of all attributes.
pub(crate) const BY_OWNER: &str = "by_owner";

pub(crate) struct Account {
    pub(crate) service: Service,
    pub(crate) now: Cell<Duration>,
}

impl Account {
    pub(crate) fn new(rules: Rules, faults: &[Fault]) -> Self {
        let mix = Mix(faults.iter().map(|fault| (*fault, 1.0)).collect());
        let service = Service::with_rules(&mix, Chance::new(7, "limits"), rules);
        let account = Self { service, now: Cell::default() };
        let key = |hash: &str, range: Option<&str>| {
            let hash = json!({ "AttributeName": hash, "KeyType": "HASH" });
            let range = range.map(|range| json!({ "AttributeName": range, "KeyType": "RANGE" }));
            Value::Array(std::iter::once(hash).chain(range).collect())
        };
        let attribute = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
        let attributes = ["pk", "sk", "kind", "owner"].map(attribute);
        let index = |name: &str, hash: &str, projection: &str| {
            json!({
                "IndexName": name, "KeySchema": key(hash, None),
                "Projection": { "ProjectionType": projection },
            })
        };
        let created = account.call(
            "CreateTable",
            &json!({
                "TableName": TABLE,
                "KeySchema": key("pk", Some("sk")),
                "AttributeDefinitions": attributes,
                "GlobalSecondaryIndexes": [
                    index(BY_KIND, "kind", "KEYS_ONLY"), index(BY_OWNER, "owner", "ALL"),
                ],
                "BillingMode": "PAY_PER_REQUEST",
                "StreamSpecification": {
                    "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
            }),
        );
        assert_eq!(created.status, 200, "{}", created.body);
        account.service.go_wrong(true);
        account
    }

    pub(crate) fn warm() -> Self {
        Self::new(Rules::warm(), &[])
    }

    pub(crate) fn cold() -> Self {
        Self::new(Rules::cold(), &[])
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.now.set(self.now.get() + time);
    }

    pub(crate) fn begin(&self, operation: &str, request: &Value) -> Result<Underway, Answer> {
        self.service.begin(self.now.get(), operation, &request.to_string())
    }

    pub(crate) fn finish(&self, underway: Underway) -> Answer {
        self.service.finish(self.now.get(), underway)
    }

    pub(crate) fn call(&self, operation: &str, request: &Value) -> Answer {
        self.begin(operation, request).map_or_else(|answer| answer, |begun| self.finish(begun))
    }

    /// A request that must succeed.
    pub(crate) fn must(&self, operation: &str, request: &Value) -> Value {
        let answer = self.call(operation, request);
        assert_eq!(answer.status, 200, "{operation}: {:.300}", answer.body);
        answer.json()
    }

    pub(crate) fn put(&self, item: &Value) -> Answer {
        self.call("PutItem", &json!({ "TableName": TABLE, "Item": item }))
    }

    pub(crate) fn get(&self, partition: &str, consistent: bool) -> Answer {
        self.call("GetItem", &get(partition, consistent))
    }

    /// Units since the last look, of places that gave any: `write things a`, `read by_kind red`.
    pub(crate) fn consumed(&self, by: impl FnOnce()) -> Vec<(String, f64)> {
        let before = self.service.consumed();
        by();
        let name = |(direction, place): &(Direction, Place)| {
            let of = place.index.as_ref().unwrap_or(&place.table);
            format!("{} {of} {}", direction.name().to_lowercase(), place.partition)
        };
        let since = self.service.consumed().into_iter().filter_map(|(at, units)| {
            let units = units - before.get(&at).copied().unwrap_or_default();
            (units > 0.0).then(|| (name(&at), units))
        });
        since.collect()
    }
}

pub(crate) fn get(partition: &str, consistent: bool) -> Value {
    json!({
        "TableName": TABLE, "Key": key(partition), "ConsistentRead": consistent,
        "ReturnConsumedCapacity": "TOTAL",
    })
}

pub(crate) fn key(partition: &str) -> Value {
    json!({ "pk": { "S": partition }, "sk": { "S": "-" } })
}

/// An item of exactly so many bytes.
pub(crate) fn item(partition: &str, bytes: usize) -> Value {
    let mut item = key(partition);
    let keys = "pk".len() + partition.len() + "sk".len() + "-".len();
    if let Some(rest) = bytes.checked_sub(keys + "v".len()) {
        item["v"] = json!({ "S": "x".repeat(rest) });
    }
    item
}

/// The same in an index.
pub(crate) fn item_with(partition: &str, bytes: usize, index: &str, value: &str) -> Value {
    let name = if index == BY_KIND { "kind" } else { "owner" };
    let mut item = item(partition, bytes - name.len() - value.len());
    item[name] = json!({ "S": value });
    item
}

/// A put, as an item of a transaction.
pub(crate) fn put(item: &Value) -> Value {
    json!({ "Put": { "TableName": TABLE, "Item": item } })
}

pub(crate) fn transaction(items: &[Value]) -> Value {
    json!({ "TransactItems": items, "ReturnConsumedCapacity": "INDEXES" })
}

/// The codes of a transaction's reasons.
pub(crate) fn codes(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let reasons = json["CancellationReasons"].as_array().into_iter().flatten();
    reasons.map(|reason| reason["Code"].as_str().unwrap_or_default().to_owned()).collect()
}

pub(crate) fn message(answer: &Answer) -> String {
    let json = answer.json();
    let text = json["message"].as_str().or(json["Message"].as_str());
    text.unwrap_or_default().to_owned()
}
