//! What writes cost.

use serde_json::{Value, json};
use simulation::aws::dynamodb::sizes::item_size;

use crate::account::{Account, BY_KIND, BY_OWNER, TABLE, item, item_with, key, put, transaction};

fn of(place: &str, units: f64) -> (String, f64) {
    (place.to_owned(), units)
}

/// "DynamoDB read and write operations": one write unit for each started KB, of the larger of the item before
/// and after.
#[test]
fn a_write_takes_one_unit_for_each_started_kilobyte() {
    let account = Account::warm();
    for (bytes, units) in
        [(10, 1.0), (1024, 1.0), (1025, 2.0), (10 * 1024, 10.0), (400 * 1024, 400.0)]
    {
        let partition = format!("{bytes}");
        let consumed = account.consumed(|| {
            let request = json!({
                "TableName": TABLE, "Item": item(&partition, bytes), "ReturnConsumedCapacity": "TOTAL",
            });
            let answer = account.must("PutItem", &request);
            assert_eq!(answer["ConsumedCapacity"]["CapacityUnits"], units, "by its own account");
        });
        assert_eq!(consumed, [of(&format!("write things {partition}"), units)]);
    }
    let smaller = account.consumed(|| _ = account.put(&item("10240", 10)));
    assert_eq!(smaller, [of("write things 10240", 10.0)]);
    let delete = json!({ "TableName": TABLE, "Key": key("1025") });
    let deleted = account.consumed(|| _ = account.must("DeleteItem", &delete));
    assert_eq!(deleted, [of("write things 1025", 2.0)]);
}

/// "DynamoDB transactions: how it works": two underlying writes of every item, three items of 500 bytes are six
/// units. A condition check is billed as a write.
#[test]
fn a_transaction_takes_twice_as_much() {
    let account = Account::warm();
    let check = json!({ "ConditionCheck": {
        "TableName": TABLE, "Key": key("d"), "ConditionExpression": "attribute_not_exists(pk)",
    }});
    let items = [put(&item("a", 500)), put(&item("b", 500)), put(&item("c", 1025)), check];
    let consumed = account.consumed(|| {
        let answer = account.must("TransactWriteItems", &transaction(&items));
        assert_eq!(answer["ConsumedCapacity"][0]["CapacityUnits"], 10.0, "by its own account");
    });
    let places = [("a", 2.0), ("b", 2.0), ("c", 4.0), ("d", 2.0)];
    assert_eq!(consumed, places.map(|(at, units)| of(&format!("write things {at}"), units)));
}

/// "Using global secondary indexes", write operations: a new entry is one write, a changed key two, a change of
/// what is not projected none; and an index is written once by a transaction, too.
#[test]
fn an_index_takes_what_changes_in_it_at_its_own_key() {
    let account = Account::warm();
    let table = of("write things a", 4.0);
    let by_kind = |kind: &str| of(&format!("write by_kind {kind}"), 1.0);
    let of_kind = |kind: &str, bytes: usize| item_with("a", bytes, BY_KIND, kind);
    let put_it = |item: &Value| account.consumed(|| assert_eq!(account.put(item).status, 200));
    assert_eq!(put_it(&of_kind("red", 4096)), [table.clone(), by_kind("red")]);
    assert_eq!(put_it(&of_kind("red", 4095)), [of("write things a", 4.0)]);
    assert_eq!(put_it(&of_kind("blue", 4095)), [table.clone(), by_kind("blue"), by_kind("red")]);
    assert_eq!(put_it(&item("a", 4000)), [table, by_kind("blue")]);
    let items = [put(&item_with("b", 1500, BY_OWNER, "me"))];
    let consumed = account.consumed(|| {
        let answer = account.must("TransactWriteItems", &transaction(&items));
        let capacity = &answer["ConsumedCapacity"][0];
        assert_eq!(capacity["Table"]["CapacityUnits"], 4.0, "by its own account");
        let index = &capacity["GlobalSecondaryIndexes"][BY_OWNER];
        assert_eq!(index["CapacityUnits"], 2.0, "by its own account");
    });
    assert_eq!(consumed, [of("write things b", 4.0), of("write by_owner me", 2.0)]);
}

/// "DynamoDB read and write operations", conditional writes: a write that is refused by its condition consumes
/// the units of the larger of the item that is there and the one that would be.
#[test]
fn a_refused_write_is_billed() {
    let account = Account::warm();
    account.put(&item("a", 3000));
    let refused = |item: &Value| {
        account.consumed(|| {
            let request = json!({
                "TableName": TABLE, "Item": item, "ConditionExpression": "attribute_not_exists(pk)",
            });
            let answer = account.call("PutItem", &request);
            assert_eq!(answer.error(), "ConditionalCheckFailedException");
        })
    };
    assert_eq!(refused(&item("a", 100)), [of("write things a", 3.0)]);
    assert_eq!(refused(&item("a", 5000)), [of("write things a", 5.0)]);
    let mut guarded = put(&item("a", 100));
    guarded["Put"]["ConditionExpression"] = json!("attribute_not_exists(pk)");
    let items = [guarded, put(&item_with("b", 100, BY_KIND, "red"))];
    let consumed = account.consumed(|| {
        let answer = account.call("TransactWriteItems", &transaction(&items));
        assert_eq!(answer.error(), "TransactionCanceledException");
    });
    assert_eq!(consumed, [of("write things a", 6.0), of("write things b", 2.0)]);
}

/// "DynamoDB item sizes and formats": names and values; numbers by their digits; 3 bytes and one for each
/// element for lists and maps.
#[test]
fn sizes_are_those_of_names_and_values() {
    let sizes = [
        (json!({ "shirt-color": { "S": "R" }, "shirt-size": { "S": "M" } }), 23),
        (json!({ "n": { "N": "-123.45" } }), 1 + 5),
        (json!({ "b": { "B": "AQIDBA==" } }), 1 + 4),
        (json!({ "t": { "BOOL": true }, "z": { "NULL": true } }), 2 + 2),
        (json!({ "s": { "SS": ["ab", "c"] }, "x": { "BS": ["AQID", "AQ=="] } }), 2 + 3 + 4),
        (json!({ "l": { "L": [{ "S": "ab" }, { "L": [] }] } }), 1 + 3 + 2 + 2 + 3),
        (json!({ "m": { "M": { "k": { "S": "ab" } } } }), 1 + 3 + 1 + 1 + 2),
    ];
    for (item, size) in sizes {
        let typed: dynoxide::types::Item = serde_json::from_value(item.clone()).expect("an item");
        assert_eq!(item_size(&item), dynoxide::types::item_size(&typed), "{item}");
        assert_eq!(item_size(&item), size, "{item}");
    }
}
