//! How much is given in a second.

use std::time::Duration;

use serde_json::{Value, json};
use simulation::aws::dynamodb::{
    limits::throttled,
    rules::{
        Direction::{self, Read, Write},
        Rules,
    },
    schema::Place,
    throughput::{Exceeded, Throughput},
    units::Charge,
};

use crate::account::{Account, BY_OWNER, TABLE, codes, item, item_with, key, put, transaction};

const KB: usize = 1024;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn place(partition: &str) -> Place {
    Place { table: TABLE.into(), index: None, partition: partition.into() }
}

/// Takes units in portions of fifty, each of the next of so many keys, until there are no more. How many, and
/// what was exceeded.
fn drain(
    throughput: &mut Throughput,
    now: Duration,
    rules: &Rules,
    direction: Direction,
    keys: usize,
) -> (f64, Exceeded) {
    let mut given = 0.0;
    for n in 0.. {
        let place = place(&format!("{}", n % keys));
        if let Some(exceeded) = throughput.exceeded(now, rules, direction, &place) {
            return (given, exceeded);
        }
        throughput.charge(now, rules, direction, &Charge { place, units: 50.0 });
        given += 50.0;
    }
    unreachable!("it is drained at some time")
}

/// "Best practices for designing and using partition keys effectively": 1,000 write units a second.
#[test]
fn a_key_takes_a_thousand_write_units_a_second() {
    let account = Account::cold();
    let write = || account.put(&item("a", 100 * KB));
    for second in 0..2 {
        for n in 0..10 {
            assert_eq!(write().status, 200, "write {n} of second {second}");
        }
        let refused = write();
        assert_eq!(refused.error(), "ProvisionedThroughputExceededException");
        let reason = &refused.json()["ThrottlingReasons"][0]["reason"];
        assert_eq!(reason, "TableWriteKeyRangeThroughputExceeded");
        assert_eq!(account.put(&item("b", KB)).status, 200, "another key");
        assert_eq!(account.get("a", true).status, 200, "reads are counted by themselves");
        account.pass(SECOND);
    }
    // Whatever comes: three seconds give three thousand, beside what a full bucket holds.
    let mut given = 0;
    for _ in 0..60 {
        account.pass(SECOND / 20);
        given += if account.put(&item("c", 100 * KB)).status == 200 { 100 } else { 0 };
    }
    assert!((3_900..=4_100).contains(&given), "{given}");
}

/// The same page: 3,000 read units a second.
#[test]
fn a_key_gives_three_thousand_read_units_a_second() {
    let account = Account::cold();
    account.put(&item("a", 400 * KB));
    for second in 0..2 {
        for n in 0..30 {
            assert_eq!(account.get("a", true).status, 200, "read {n} of second {second}");
        }
        let refused = account.get("a", true);
        assert_eq!(refused.error(), "ProvisionedThroughputExceededException");
        let reason = &refused.json()["ThrottlingReasons"][0]["reason"];
        assert_eq!(reason, "TableReadKeyRangeThroughputExceeded");
        account.pass(SECOND);
    }
}

/// "Using global secondary indexes": an index's keys have the throughput of a partition each, and a write that
/// an index cannot take is refused by the table.
#[test]
fn an_index_key_takes_a_thousand_write_units_a_second() {
    let account = Account::cold();
    for n in 0..10 {
        let owned = item_with(&format!("{n}"), 100 * KB, BY_OWNER, "me");
        assert_eq!(account.put(&owned).status, 200, "write {n}");
    }
    let refused = account.put(&item_with("next", KB, BY_OWNER, "me"));
    assert_eq!(refused.error(), "ProvisionedThroughputExceededException");
    let reason = refused.json()["ThrottlingReasons"][0].clone();
    assert_eq!(reason["reason"], "IndexWriteKeyRangeThroughputExceeded");
    assert!(reason["resource"].as_str().is_some_and(|arn| arn.ends_with("/index/by_owner")));
    let update = |partition: &str, owner: &str| {
        account.call(
            "UpdateItem",
            &json!({
                "TableName": TABLE, "Key": key(partition), "UpdateExpression": "SET #o = :owner",
                "ExpressionAttributeNames": { "#o": "owner" },
                "ExpressionAttributeValues": { ":owner": { "S": owner } },
            }),
        )
    };
    assert_eq!(update("next", "me").error(), "ProvisionedThroughputExceededException");
    assert_eq!(update("next", "you").status, 200);
    account.pass(SECOND);
    assert_eq!(update("next", "me").status, 200);
}

/// "DynamoDB burst and adaptive capacity": up to 5 minutes (300 seconds) of unused capacity.
#[test]
fn five_minutes_of_unused_capacity_are_kept() {
    let rules = Rules::warm();
    for (direction, rate) in [(Write, 1_000.0), (Read, 3_000.0)] {
        let mut throughput = Throughput::default();
        let mut now = Duration::ZERO;
        let mut given = 0.0;
        // A key at a time, so that it is not the table that gives out.
        while throughput.exceeded(now, &rules, direction, &place("a")).is_none() {
            let charge = Charge { place: place("a"), units: 30_000.0 };
            throughput.charge(now, &rules, direction, &charge);
            given += 30_000.0;
            now += SECOND;
        }
        let elapsed = now.as_secs_f64();
        let expected = rate * (300.0 + elapsed);
        assert!((given - expected).abs() <= 30_000.0, "{given} in {elapsed} s, not {expected}");
        let later = now + Duration::from_secs(299);
        assert!(throughput.exceeded(later, &rules, direction, &place("a")).is_none());
    }
}

/// "DynamoDB on-demand capacity mode", initial throughput: a new table takes 4,000 writes and 12,000 reads a
/// second.
#[test]
fn a_new_table_takes_four_thousand_writes_and_twelve_thousand_reads_a_second() {
    let account = Account::cold();
    for n in 0..40 {
        assert_eq!(account.put(&item(&format!("{n}"), 100 * KB)).status, 200, "write {n}");
    }
    let refused = account.put(&item("next", KB));
    assert_eq!(refused.error(), "ThrottlingException");
    account.pass(SECOND);
    assert_eq!(account.put(&item("next", KB)).status, 200);

    let (rules, mut throughput) = (Rules::cold(), Throughput::default());
    for (direction, units) in [(Write, 4_000.0), (Read, 12_000.0)] {
        let (given, exceeded) = drain(&mut throughput, Duration::ZERO, &rules, direction, 100);
        assert_eq!(given, units);
        assert!(matches!(exceeded, Exceeded::Table(_)), "{exceeded:?}");
    }
}

/// The same page: it accommodates up to double the previous peak, and may throttle what exceeds double the peak
/// within 30 minutes.
#[test]
fn half_an_hour_after_its_peak_a_table_takes_twice_as_much() {
    let (rules, mut throughput) = (Rules::cold(), Throughput::default());
    let mut drained = |now| drain(&mut throughput, now, &rules, Write, 1_000);
    assert_eq!(drained(Duration::ZERO).0, 4_000.0);
    assert_eq!(drained(29 * MINUTE).0, 4_000.0);
    assert_eq!(drained(31 * MINUTE).0, 8_000.0);
    assert_eq!(drained(60 * MINUTE).0, 8_000.0);
    assert_eq!(drained(62 * MINUTE).0, 16_000.0);
    assert_eq!(drained(93 * MINUTE).0, 32_000.0);
    assert_eq!(drained(124 * MINUTE).0, 40_000.0);
    let (given, exceeded) = drained(155 * MINUTE);
    assert_eq!(given, 40_000.0);
    assert!(matches!(exceeded, Exceeded::Quota(_)), "{exceeded:?}");
}

/// "Quotas in Amazon DynamoDB", throughput default quotas: 40,000 read units and 40,000 write units for each
/// table on demand.
#[test]
fn a_warm_table_takes_forty_thousand_units_a_second() {
    let (rules, mut throughput) = (Rules::warm(), Throughput::default());
    for direction in [Write, Read] {
        let (given, exceeded) = drain(&mut throughput, Duration::ZERO, &rules, direction, 1_000);
        assert_eq!(given, 40_000.0);
        assert_eq!(throttled(&exceeded, direction).error(), "RequestLimitExceeded");
    }
}

/// "TransactionCanceledException": ThrottlingError is the reason of the item that was throttled.
#[test]
fn a_throttled_transaction_says_which_item_was() {
    let account = Account::cold();
    for _ in 0..10 {
        account.put(&item("a", 100 * KB));
    }
    let items = [put(&item("b", KB)), put(&item("a", KB)), put(&item("c", KB))];
    let refused = account.call("TransactWriteItems", &transaction(&items));
    assert_eq!(refused.error(), "TransactionCanceledException");
    assert_eq!(codes(&refused), ["None", "ThrottlingError", "None"]);
    assert!(account.get("b", true).json()["Item"].is_null(), "nothing was done");
    account.pass(SECOND);
    account.must("TransactWriteItems", &transaction(&items));
}

/// "BatchGetItem": what there is no throughput for comes back as unprocessed keys; if that is all, the request is
/// refused.
#[test]
fn a_batch_hands_back_the_keys_that_are_throttled() {
    let account = Account::cold();
    account.put(&item("a", 400 * KB));
    account.put(&item("b", KB));
    for _ in 0..30 {
        account.get("a", true);
    }
    let batch = |keys: &[Value]| json!({ "RequestItems": { TABLE: { "Keys": keys } } });
    let answer = account.must("BatchGetItem", &batch(&[key("a"), key("b")]));
    assert_eq!(answer["Responses"][TABLE][0]["pk"]["S"], "b");
    assert_eq!(answer["UnprocessedKeys"][TABLE]["Keys"], json!([key("a")]));
    let refused = account.call("BatchGetItem", &batch(&[key("a")]));
    assert_eq!(refused.error(), "ProvisionedThroughputExceededException");
    account.pass(SECOND);
    let answer = account.must("BatchGetItem", &batch(&[key("a"), key("b")]));
    assert_eq!(answer["Responses"][TABLE].as_array().map(Vec::len), Some(2));
}

/// "DynamoDB read and write operations", conditional writes: what was refused counts, too.
#[test]
fn refused_writes_wear_a_key_out() {
    let account = Account::cold();
    account.put(&item("a", 100 * KB));
    let guarded = json!({
        "TableName": TABLE, "Item": item("a", 10), "ConditionExpression": "attribute_not_exists(pk)",
    });
    let errors: Vec<_> = (0..10).map(|_| account.call("PutItem", &guarded).error()).collect();
    assert_eq!(errors[..9], vec!["ConditionalCheckFailedException"; 9]);
    assert_eq!(errors[9], "ProvisionedThroughputExceededException");
}
