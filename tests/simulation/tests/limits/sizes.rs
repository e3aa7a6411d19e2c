//! What is too large, or too many.

use serde_json::{Value, json};

use crate::account::{Account, TABLE, codes, item, key, message, put, transaction};

const KB: usize = 1024;
const ITEM_MAX: usize = 400 * KB;

/// "Constraints in Amazon DynamoDB", item size: 400 KB, names and values.
#[test]
fn an_item_has_four_hundred_kilobytes() {
    let account = Account::warm();
    assert_eq!(account.put(&item("a", ITEM_MAX)).status, 200);
    let refused = account.put(&item("a", ITEM_MAX + 1));
    assert_eq!(refused.error(), "ValidationException");
    assert_eq!(message(&refused), "Item size has exceeded the maximum allowed size");
    let longer = json!({
        "TableName": TABLE, "Key": key("a"), "UpdateExpression": "SET w = :w",
        "ExpressionAttributeValues": { ":w": { "S": "" } },
    });
    let refused = account.call("UpdateItem", &longer);
    assert_eq!(message(&refused), "Item size to update has exceeded the maximum allowed size");
    let refused = account.call("TransactWriteItems", &transaction(&[json!({ "Update": longer })]));
    assert_eq!(codes(&refused), ["ValidationError"]);
}

/// "Constraints in Amazon DynamoDB", partition keys and sort keys: 2048 and 1024 bytes.
#[test]
fn keys_have_2048_and_1024_bytes() {
    let account = Account::warm();
    let put = |partition: usize, sort: usize| {
        let (partition, sort) = ("p".repeat(partition), "s".repeat(sort));
        account.put(&json!({ "pk": { "S": partition }, "sk": { "S": sort } })).error()
    };
    assert_eq!(put(2048, 1024), "");
    assert_eq!(put(2049, 1), "ValidationException");
    assert_eq!(put(1, 1025), "ValidationException");
}

/// "TransactWriteItems": up to 100 actions.
#[test]
fn a_transaction_has_a_hundred_items() {
    let account = Account::warm();
    let items: Vec<_> = (0..101).map(|n| put(&item(&format!("{n}"), 50))).collect();
    let refused = account.call("TransactWriteItems", &transaction(&items));
    assert_eq!(refused.error(), "ValidationException");
    assert!(message(&refused).ends_with("Member must have length less than or equal to 100"));
    account.must("TransactWriteItems", &transaction(&items[..100]));
}

/// The same page: no two actions can target the same item.
#[test]
fn a_transaction_has_no_item_twice() {
    let account = Account::warm();
    let check = json!({ "ConditionCheck": {
        "TableName": TABLE, "Key": key("a"), "ConditionExpression": "attribute_exists(pk)",
    }});
    let refused = account.call("TransactWriteItems", &transaction(&[put(&item("a", 50)), check]));
    assert_eq!(
        message(&refused),
        "Transaction request cannot include multiple operations on one item"
    );
}

/// The same page: the aggregate size of the items in the transaction cannot exceed 4 MB, whether they come with
/// it or are there.
#[test]
fn a_transaction_has_four_megabytes() {
    let account = Account::warm();
    let large: Vec<_> = (0..11).map(|n| item(&format!("{n}"), ITEM_MAX)).collect();
    let puts: Vec<_> = large.iter().map(put).collect();
    let refused = account.call("TransactWriteItems", &transaction(&puts));
    assert_eq!(refused.error(), "ValidationException");
    assert!(message(&refused).contains("exceeding the 4MB limit"), "{}", message(&refused));
    account.must("TransactWriteItems", &transaction(&puts[..10]));
    account.put(&large[10]);
    let remove = |n: usize| {
        json!({ "Update": {
            "TableName": TABLE, "Key": key(&format!("{n}")), "UpdateExpression": "REMOVE v",
        }})
    };
    let updates: Vec<Value> = (0..11).map(remove).collect();
    let refused = account.call("TransactWriteItems", &transaction(&updates));
    assert_eq!(refused.error(), "ValidationException");
    assert!(message(&refused).contains("exceeding the 4MB limit"), "{}", message(&refused));
    account.must("TransactWriteItems", &transaction(&updates[1..]));
}

/// "BatchGetItem", "BatchWriteItem": up to 16 MB of data; no request is larger.
#[test]
fn a_request_has_sixteen_megabytes() {
    let account = Account::warm();
    let body = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let now = account.now.get();
    let begin = |bytes: usize| account.service.begin(now, "PutItem", &body(bytes));
    assert_eq!(begin(16 * KB * KB + 1).expect_err("too large").status, 413);
    assert!(begin(16 * KB * KB).is_ok());
}

/// "Query": a page has 1 MB, before it is filtered.
#[test]
fn a_page_has_one_megabyte() {
    let account = Account::warm();
    for n in 0..11 {
        let mut large = item("a", 100 * KB);
        large["sk"]["S"] = json!(format!("{n:02}"));
        large["v"]["S"] = json!("x".repeat(100 * KB - 8));
        assert_eq!(account.put(&large).status, 200);
    }
    let mut query = json!({
        "TableName": TABLE, "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": { ":pk": { "S": "a" } },
    });
    let page = account.must("Query", &query);
    assert_eq!((&page["Count"], &page["LastEvaluatedKey"]["sk"]["S"]), (&json!(10), &json!("09")));
    query["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
    assert_eq!(account.must("Query", &query)["Count"], 1);
    let page = account.must("Scan", &json!({ "TableName": TABLE }));
    assert_eq!(page["Count"], 10);
    query["FilterExpression"] = json!("v = :pk");
    query.as_object_mut().expect("an object").remove("ExclusiveStartKey");
    let page = account.must("Query", &query);
    assert_eq!((&page["Count"], &page["LastEvaluatedKey"]["sk"]["S"]), (&json!(0), &json!("09")));
}

/// "BatchGetItem": up to 16 MB of data, which can contain as many as 100 items; of 300 KB each, 52 come and the
/// keys of the others.
#[test]
fn a_batch_has_a_hundred_items_and_sixteen_megabytes() {
    let account = Account::warm();
    let batch = |count: usize| {
        let keys: Vec<_> = (0..count).map(|n| key(&format!("{n}"))).collect();
        json!({ "RequestItems": { TABLE: { "Keys": keys } } })
    };
    let refused = account.call("BatchGetItem", &batch(101));
    assert_eq!(refused.error(), "ValidationException");
    account.must("BatchGetItem", &batch(100));
    for n in 0..42 {
        account.put(&item(&format!("{n}"), ITEM_MAX));
    }
    let mut answer = Value::Null;
    let consumed = account.consumed(|| answer = account.must("BatchGetItem", &batch(42)));
    let read = answer["Responses"][TABLE].as_array().map(Vec::len);
    let left = answer["UnprocessedKeys"][TABLE]["Keys"].as_array().map(Vec::len);
    assert_eq!((read, left), (Some(40), Some(2)), "16 MB are 40.96 times 400 KB");
    assert_eq!(consumed.iter().map(|(_, units)| units).sum::<f64>(), 40.0 * 50.0);
}
