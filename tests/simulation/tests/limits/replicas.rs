//! Reads that lag behind, on "DynamoDB read consistency".

use std::time::Duration;

use serde_json::{Value, json};
use simulation::{
    aws::dynamodb::{Answer, rules::Rules},
    mix::Fault,
};

use crate::account::{Account, BY_KIND, TABLE, get, item, item_with, key};

/// As long as any change is on its way: AWS says "usually within one second or less", and promises nothing.
const LAG_MAX: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(50);

fn lagging() -> Account {
    Account::new(Rules::warm(), &[Fault::StaleRead])
}

fn set(account: &Account, n: u32) {
    let mut item = item_with("a", 50, BY_KIND, &format!("kind {n}"));
    item["n"] = json!({ "N": n.to_string() });
    assert_eq!(account.put(&item).status, 200);
}

fn number(answer: &Answer) -> u32 {
    let json = answer.json();
    json["Item"]["n"]["N"].as_str().and_then(|n| n.parse().ok()).unwrap_or_default()
}

fn of_kind(n: u32) -> Value {
    json!({
        "TableName": TABLE, "IndexName": BY_KIND, "KeyConditionExpression": "kind = :kind",
        "ExpressionAttributeValues": { ":kind": { "S": format!("kind {n}") } },
    })
}

/// An eventually consistent read might not reflect the results of a recently completed write; repeated after a
/// short time, it does. Time may seem to go back in between.
#[test]
fn a_read_lags_behind_and_catches_up() {
    let account = lagging();
    let (mut stale, mut back) = (0, 0);
    for n in 1..=30 {
        set(&account, n);
        let (mut last, mut since) = (0, Duration::ZERO);
        while since < Duration::from_millis(500) {
            let read = account.get("a", false);
            let found = number(&read);
            assert!(found <= n);
            assert_eq!(found < n, read.struck == [Fault::StaleRead], "it says so");
            stale += u32::from(found < n);
            back += u32::from(found < last);
            last = found;
            account.pass(STEP);
            since += STEP;
        }
    }
    assert!(stale > 50 && back > 0, "{stale} reads were stale, {back} went back");
    account.pass(LAG_MAX);
    for _ in 0..20 {
        let read = account.get("a", false);
        assert_eq!((number(&read), read.struck.len()), (30, 0));
    }
}

/// A strongly consistent read returns the most up-to-date data.
#[test]
fn a_consistent_read_never_lags() {
    let account = lagging();
    for n in 1..=50 {
        set(&account, n);
        let read = account.call("GetItem", &get("a", true));
        assert_eq!((number(&read), read.struck.len()), (n, 0));
    }
}

/// Eventually consistent reads are the only ones of global secondary indexes; queries and batches lag as well.
#[test]
fn indexes_queries_and_batches_lag_too() {
    let account = lagging();
    let query = json!({
        "TableName": TABLE, "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": { ":pk": { "S": "a" } },
    });
    let batch = json!({ "RequestItems": { TABLE: { "Keys": [key("a")] } } });
    let mut stale = [0; 3];
    for n in 1..=20 {
        set(&account, n);
        for (slot, (operation, request)) in
            [("Query", &of_kind(n)), ("Query", &query), ("BatchGetItem", &batch)].iter().enumerate()
        {
            let answer = account.call(operation, request);
            stale[slot] += answer.struck.len();
        }
        account.pass(STEP);
    }
    assert!(stale.iter().all(|stale| *stale > 5), "{stale:?}");
    account.pass(LAG_MAX);
    for _ in 0..10 {
        assert_eq!(account.must("Query", &of_kind(20))["Count"], 1);
        assert_eq!(account.must("Query", &of_kind(19))["Count"], 0);
    }
    account.must("DeleteItem", &json!({ "TableName": TABLE, "Key": key("a") }));
    account.pass(LAG_MAX);
    assert_eq!(account.must("Query", &of_kind(20))["Count"], 0);
}

/// Changes of an item come in their order: a replica that still waits for others has the last one of it.
#[test]
fn a_replica_ends_up_with_the_last_change() {
    let account = lagging();
    (1..=30).for_each(|n| set(&account, n));
    let gone = |n: u32| json!({ "TableName": TABLE, "Key": key(&format!("gone {n}")) });
    for n in 1..=10 {
        account.put(&item(&format!("gone {n}"), 50));
        account.must("DeleteItem", &gone(n));
    }
    account.pass(LAG_MAX);
    for n in 1..=10 {
        account.put(&item("another", 50 + n));
        for _ in 0..5 {
            assert_eq!(number(&account.get("a", false)), 30);
            for n in 1..=10 {
                assert!(account.get(&format!("gone {n}"), false).json()["Item"].is_null());
            }
        }
    }
}

/// Where nothing of the kind is asked for, nothing lags; nor while nothing goes wrong.
#[test]
fn a_world_without_stale_reads_has_none() {
    let calm = lagging();
    calm.service.go_wrong(false);
    for account in [Account::warm(), calm] {
        for n in 1..=20 {
            set(&account, n);
            assert_eq!(number(&account.get("a", false)), n);
            assert_eq!(account.must("Query", &of_kind(n))["Count"], 1);
        }
    }
    let calming = lagging();
    for n in 1..=20 {
        calming.service.go_wrong(true);
        set(&calming, n);
        calming.service.go_wrong(false);
        assert_eq!(number(&calming.get("a", false)), n, "what is on its way is not missed");
    }
}
