//! What reads cost.

use serde_json::json;

use crate::account::{Account, BY_KIND, TABLE, get, item, item_with, key};

fn of(place: &str, units: f64) -> (String, f64) {
    (place.to_owned(), units)
}

/// "DynamoDB read and write operations": one read unit for each started 4 KB, half of it if the read may lag
/// behind, twice in a transaction.
#[test]
fn a_read_takes_one_unit_for_each_started_four_kilobytes() {
    let account = Account::warm();
    for (bytes, units) in [(10, 1.0), (4096, 1.0), (4097, 2.0), (400 * 1024, 100.0)] {
        let partition = format!("{bytes}");
        account.put(&item(&partition, bytes));
        let read = format!("read things {partition}");
        let consistent = account.consumed(|| {
            let answer = account.must("GetItem", &get(&partition, true));
            assert_eq!(answer["ConsumedCapacity"]["CapacityUnits"], units, "by its own account");
        });
        assert_eq!(consistent, [of(&read, units)]);
        let lagging = account.consumed(|| _ = account.must("GetItem", &get(&partition, false)));
        assert_eq!(lagging, [of(&read, units / 2.0)]);
        let gets = json!({
            "TransactItems": [{ "Get": { "TableName": TABLE, "Key": key(&partition) } }],
        });
        let transaction = account.consumed(|| _ = account.must("TransactGetItems", &gets));
        assert_eq!(transaction, [of(&read, units * 2.0)]);
    }
    let nothing = account.consumed(|| _ = account.get("nobody", true));
    assert_eq!(nothing, [of("read things nobody", 1.0)]);
}

/// The same page: a query adds up the sizes of its items and rounds once, a batch rounds each item; an index is
/// read at its own key. Nobody is told who did not ask.
#[test]
fn a_query_rounds_its_sum_and_a_batch_each_item() {
    let account = Account::warm();
    for sort in ["1", "2", "3"] {
        let mut item = item_with("a", 2000, BY_KIND, "red");
        item["sk"] = json!({ "S": sort });
        account.put(&item);
    }
    account.put(&item("b", 5000));
    let query = json!({
        "TableName": TABLE, "KeyConditionExpression": "pk = :pk", "ConsistentRead": true,
        "ExpressionAttributeValues": { ":pk": { "S": "a" } },
    });
    let consumed = account.consumed(|| {
        let answer = account.must("Query", &query);
        assert_eq!(answer["Count"], 3);
        assert!(answer["ConsumedCapacity"].is_null(), "nobody asked");
    });
    assert_eq!(consumed, [of("read things a", 2.0)]);
    let by_kind = json!({
        "TableName": TABLE, "IndexName": BY_KIND, "KeyConditionExpression": "#kind = :kind",
        "ExpressionAttributeNames": { "#kind": "kind" },
        "ExpressionAttributeValues": { ":kind": { "S": "red" } },
    });
    let consumed = account.consumed(|| _ = account.must("Query", &by_kind));
    assert_eq!(consumed, [of("read by_kind red", 0.5)]);
    let third = json!({ "pk": { "S": "a" }, "sk": { "S": "3" } });
    let batch = json!({
        "RequestItems": { TABLE: { "Keys": [third, key("b"), key("nobody")] } },
        "ReturnConsumedCapacity": "TOTAL",
    });
    let consumed = account.consumed(|| {
        let answer = account.must("BatchGetItem", &batch);
        assert_eq!(answer["ConsumedCapacity"][0]["CapacityUnits"], 2.0, "by its own account");
    });
    let places = [("a", 0.5), ("b", 1.0), ("nobody", 0.5)];
    assert_eq!(consumed, places.map(|(at, units)| of(&format!("read things {at}"), units)));
}
