//! What streams tell, on "Change data capture for DynamoDB Streams".

use serde_json::{Value, json};

use crate::account::{Account, TABLE, item, key, put, transaction};

fn told(account: &Account) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let changes = account.service.changes(0);
    let told = changes.iter().map(|change| {
        let record = &change.record;
        (text(&record["eventName"]), text(&record["dynamodb"]["Keys"]["pk"]["S"]))
    });
    told.collect()
}

fn event(name: &str, partition: &str) -> (String, String) {
    (name.to_owned(), partition.to_owned())
}

/// Each stream record appears exactly once, those of an item in the sequence of its changes, with its image
/// before and after.
#[test]
fn each_change_is_told_once_and_an_items_in_their_order() {
    let account = Account::warm();
    account.put(&item("a", 50));
    account.must("TransactWriteItems", &transaction(&[put(&item("a", 51)), put(&item("b", 50))]));
    account.must("DeleteItem", &json!({ "TableName": TABLE, "Key": key("a") }));
    let expected = [("INSERT", "a"), ("MODIFY", "a"), ("INSERT", "b"), ("REMOVE", "a")];
    assert_eq!(told(&account), expected.map(|(name, partition)| event(name, partition)));
    let modified = &account.service.changes(1)[0].record["dynamodb"];
    assert_eq!((&modified["OldImage"], &modified["NewImage"]), (&item("a", 50), &item("a", 51)));
    let numbers = account.service.changes(0);
    let numbers = numbers.iter().map(|change| change.record["dynamodb"]["SequenceNumber"].clone());
    let numbers: Vec<_> = numbers.map(|number| number.as_str().map(str::to_owned)).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
}

/// A PutItem or UpdateItem that does not change any data in an item writes no stream record.
#[test]
fn a_write_that_changes_nothing_is_not_told() {
    let account = Account::warm();
    account.put(&item("a", 50));
    account.put(&item("a", 50));
    let update = json!({ "TableName": TABLE, "Key": key("a"), "UpdateExpression": "REMOVE x" });
    account.must("UpdateItem", &update);
    assert_eq!(told(&account), [event("INSERT", "a")]);
}

/// What was refused has changed nothing.
#[test]
fn a_refused_write_is_not_told() {
    let account = Account::warm();
    let mut guarded = put(&item("b", 50));
    guarded["Put"]["ConditionExpression"] = json!("attribute_exists(pk)");
    account.call("TransactWriteItems", &transaction(&[put(&item("a", 50)), guarded]));
    assert_eq!(account.service.changes_len(), 0);
}
