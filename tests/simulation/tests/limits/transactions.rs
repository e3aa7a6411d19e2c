//! Transactions that meet others' writes, on "DynamoDB transactions: how it works", transaction conflict handling.

use serde_json::{Value, json};
use simulation::{aws::dynamodb::rules::Rules, mix::Fault};

use crate::account::{Account, TABLE, codes, get, item, key, put, transaction};

fn contended() -> Account {
    Account::new(Rules::warm(), &[Fault::Conflict])
}

fn transact(account: &Account, partitions: &[&str]) -> (&'static str, Value) {
    let _ = account;
    let items: Vec<_> = partitions.iter().map(|partition| put(&item(partition, 50))).collect();
    ("TransactWriteItems", transaction(&items))
}

fn single(partition: &str) -> Value {
    json!({ "TableName": TABLE, "Item": item(partition, 60) })
}

/// An item within a TransactWriteItems request is part of another ongoing one: TransactionConflict for that item.
#[test]
fn a_transaction_refuses_another_that_touches_one_of_its_items() {
    let account = contended();
    let (operation, first) = transact(&account, &["a", "b"]);
    let first = account.begin(operation, &first).expect("it begins");
    let (_, second) = transact(&account, &["c", "b", "d"]);
    let refused = account.begin(operation, &second).expect_err("a conflict");
    assert_eq!(refused.error(), "TransactionCanceledException");
    assert_eq!(codes(&refused), ["None", "TransactionConflict", "None"]);
    assert_eq!(refused.struck, [Fault::Conflict]);
    let (_, apart) = transact(&account, &["c", "d"]);
    assert_eq!(account.call(operation, &apart).status, 200, "they have nothing in common");
    assert_eq!(account.finish(first).status, 200, "the first one goes on");
    assert_eq!(account.call(operation, &second).status, 200, "it is over");
}

/// A PutItem, UpdateItem or DeleteItem request for an item conflicts with an ongoing TransactWriteItems request
/// that includes it: TransactionConflictException.
#[test]
fn a_transaction_refuses_single_writes_of_its_items() {
    let account = contended();
    let (operation, request) = transact(&account, &["a"]);
    let begun = account.begin(operation, &request).expect("it begins");
    let on = json!({ "TableName": TABLE, "Key": key("a") });
    let mut update = on.clone();
    update["UpdateExpression"] = json!("REMOVE x");
    for (operation, request) in
        [("PutItem", single("a")), ("UpdateItem", update), ("DeleteItem", on)]
    {
        let refused = account.begin(operation, &request).expect_err("a conflict");
        assert_eq!(refused.error(), "TransactionConflictException", "{operation}");
    }
    // "If an ongoing TransactWriteItems operation conflicts with a concurrent GetItem, both can succeed."
    assert_eq!(account.call("GetItem", &get("a", true)).status, 200);
    let gets = json!({ "TransactItems": [{ "Get": { "TableName": TABLE, "Key": key("a") } }] });
    let refused = account.begin("TransactGetItems", &gets).expect_err("a conflict");
    assert_eq!(codes(&refused), ["TransactionConflict"]);
    account.finish(begun);
    assert_eq!(account.call("PutItem", &single("a")).status, 200);
}

/// A transactional conflict can occur during concurrent item-level requests on an item within a transaction; two
/// single writes follow each other.
#[test]
fn a_single_write_refuses_transactions_and_no_single_write() {
    let account = contended();
    let begun = account.begin("PutItem", &single("a")).expect("it begins");
    let (operation, request) = transact(&account, &["a", "b"]);
    let refused = account.begin(operation, &request).expect_err("a conflict");
    assert_eq!(codes(&refused), ["TransactionConflict", "None"]);
    let other = account.begin("PutItem", &single("a")).expect("no conflict");
    account.finish(other);
    account.finish(begun);
    assert_eq!(account.call(operation, &request).status, 200);
}

/// The reasons of the other items are those of their conditions, if these were looked at.
#[test]
fn a_conflict_may_come_with_a_condition_that_failed() {
    let account = contended();
    account.put(&item("taken", 50));
    let mut guarded = put(&item("taken", 50));
    guarded["Put"]["ConditionExpression"] = json!("attribute_not_exists(pk)");
    let request = transaction(&[put(&item("a", 50)), guarded, put(&item("c", 50))]);
    let begun = account.begin("PutItem", &single("a")).expect("it begins");
    let refused = (0..20).map(|_| account.begin("TransactWriteItems", &request));
    let refused = refused.map(|begun| codes(&begun.expect_err("a conflict")));
    let (both, alone): (Vec<_>, Vec<_>) =
        refused.partition(|codes| codes[1] == "ConditionalCheckFailed");
    assert!(both.iter().all(|codes| codes[0] == "TransactionConflict" && codes[2] == "None"));
    assert!(alone.iter().all(|codes| *codes == ["TransactionConflict", "None", "None"]));
    assert!(!both.is_empty() && !alone.is_empty(), "{both:?} {alone:?}");
    account.finish(begun);
    assert!(account.get("c", true).json()["Item"].is_null(), "nothing was done");
}

/// Where nothing of the kind is asked for.
#[test]
fn a_world_without_conflicts_has_none() {
    let account = Account::warm();
    let (operation, request) = transact(&account, &["a"]);
    let first = account.begin(operation, &request).expect("it begins");
    let second = account.begin(operation, &request).expect("it begins");
    let third = account.begin("PutItem", &single("a")).expect("it begins");
    for begun in [first, second, third] {
        assert_eq!(account.finish(begun).status, 200);
    }
}
