//! Client request tokens, on "DynamoDB transactions: how it works", idempotency.

use std::time::Duration;

use serde_json::{Value, json};

use crate::account::{Account, TABLE, key, transaction};

/// Adds one to a count.
fn add(by: u32) -> Value {
    let mut request = transaction(&[json!({ "Update": {
        "TableName": TABLE, "Key": key("a"), "UpdateExpression": "ADD n :by",
        "ExpressionAttributeValues": { ":by": { "N": by.to_string() } },
    }})]);
    request["ClientRequestToken"] = json!("the token");
    request
}

fn count(account: &Account) -> String {
    let answer = account.get("a", true).json();
    answer["Item"]["n"]["N"].as_str().unwrap_or_default().to_owned()
}

/// Subsequent calls with the same client token return successfully without making any changes, for 10 minutes
/// after the request finishes; after that, it is a new request.
#[test]
fn a_token_is_known_for_ten_minutes() {
    let account = Account::warm();
    let first = account.call("TransactWriteItems", &add(1));
    account.pass(Duration::from_secs(600));
    let again = account.consumed(|| {
        assert_eq!(account.call("TransactWriteItems", &add(1)), first);
    });
    assert_eq!(again, [("read things a".to_owned(), 2.0)], "it reads what it wrote");
    assert_eq!(count(&account), "1");
    account.pass(Duration::from_millis(1));
    account.must("TransactWriteItems", &add(1));
    assert_eq!(count(&account), "2");
}

/// The same token with other parameters within the 10 minutes: IdempotentParameterMismatch.
#[test]
fn a_token_belongs_to_its_request() {
    let account = Account::warm();
    account.must("TransactWriteItems", &add(1));
    let refused = account.call("TransactWriteItems", &add(2));
    assert_eq!(refused.error(), "IdempotentParameterMismatchException");
    account.pass(Duration::from_secs(601));
    account.must("TransactWriteItems", &add(2));
    assert_eq!(count(&account), "3");
}

/// "TransactionInProgressException": the transaction with the given request token is already in progress.
#[test]
fn a_transaction_that_comes_again_too_soon_is_told_so() {
    let account = Account::warm();
    let begun = account.begin("TransactWriteItems", &add(1)).expect("it begins");
    let refused = account.begin("TransactWriteItems", &add(1)).expect_err("in progress");
    assert_eq!(refused.error(), "TransactionInProgressException");
    let first = account.finish(begun);
    assert_eq!(account.call("TransactWriteItems", &add(1)), first);
    assert_eq!(count(&account), "1");
}

/// If the original call was successful: one that was cancelled is tried again.
#[test]
fn a_cancelled_transaction_is_not_remembered() {
    let account = Account::warm();
    let mut request = add(1);
    let update = &mut request["TransactItems"][0]["Update"];
    update["ConditionExpression"] = json!("attribute_exists(pk)");
    let refused = account.call("TransactWriteItems", &request);
    assert_eq!(refused.error(), "TransactionCanceledException");
    account.put(&key("a"));
    account.must("TransactWriteItems", &request);
    assert_eq!(count(&account), "1");
}
