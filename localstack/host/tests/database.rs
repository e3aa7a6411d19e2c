//! The host's database: whom writes wake, what it answers twice, and what it does not keep.

use std::{path::PathBuf, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use marquee_host::{
    database::{LocalDatabase, table_name},
    dynamodb::answers::Answers,
};
use tokio::time::Instant;
use uuid::Uuid;

async fn write(database: &LocalDatabase, count: usize) {
    let table = database.table("booking");
    for n in 0..count {
        let put = table.client.put_item().table_name(table_name("booking"));
        let put = put.item("pk", AttributeValue::S(format!("p{n}")));
        put.item("sk", AttributeValue::S(Uuid::new_v4().to_string()))
            .send()
            .await
            .expect("written");
    }
}

/// The numbers of the records that the stream of booking's table has.
fn numbers(database: &LocalDatabase) -> Vec<u128> {
    let records = database.stream_records(&table_name("booking"), None, 1_000).expect("records");
    let number = |record: &serde_json::Value| record["dynamodb"]["SequenceNumber"].clone();
    let numbers = records.iter().map(number);
    numbers.map(|number| number.as_str().expect("text").parse().expect("a number")).collect()
}

async fn drops_what_was_relayed(file: Option<PathBuf>) {
    let database = LocalDatabase::open(file.as_deref()).await.expect("a database");
    write(&database, 10).await;
    let before = numbers(&database);
    assert_eq!(before.len(), 10);
    database.prune_stream(&table_name("booking"), &before[6].to_string()).expect("pruned");
    assert_eq!(numbers(&database), before[6..]);
    database.prune_stream(&table_name("booking"), &before[9].to_string()).expect("pruned");
    write(&database, 1).await;
    let after = numbers(&database);
    assert_eq!((after.len(), after[0]), (2, before[9]), "the newest stays");
    assert!(after[1] > before[9], "and the next one's number is higher");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_have_been_relayed_are_dropped_in_memory() {
    drops_what_was_relayed(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_have_been_relayed_are_dropped_in_a_file() {
    let directory = std::env::temp_dir().join(format!("marquee-{}", Uuid::new_v4()));
    std::fs::create_dir(&directory).expect("a directory");
    drops_what_was_relayed(Some(directory.join("data"))).await;
    std::fs::remove_dir_all(directory).expect("removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_wakes_whoever_waits_for_its_table_and_nobody_else() {
    let database = LocalDatabase::open(None).await.expect("a database");
    let (mut own, others) =
        (database.written(&table_name("booking")), database.written(&table_name("members")));
    assert!(!own.has_changed().expect("it is there"), "nothing was written yet");
    write(&database, 1).await;
    let woken = tokio::time::timeout(Duration::from_secs(5), own.changed());
    woken.await.expect("in time").expect("it is there");
    assert!(!others.has_changed().expect("it is there"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_comes_again_with_its_token_is_done_once() {
    let database = LocalDatabase::open(None).await.expect("a database");
    let client = database.table("booking").client;
    let text = |key: &str| AttributeValue::S(key.to_owned());
    for (token, total) in [("one", "1"), ("one", "1"), ("another", "2")] {
        let update = Update::builder().table_name(table_name("booking"));
        let update =
            update.key("pk", text("p")).key("sk", text("s")).update_expression("ADD n :one");
        let update = update.expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        let update =
            TransactWriteItem::builder().update(update.build().expect("an update")).build();
        let request = client.transact_write_items().transact_items(update);
        request.client_request_token(token).send().await.expect("done");
        let found = client.get_item().table_name(table_name("booking"));
        let found = found.key("pk", text("p")).key("sk", text("s")).send().await.expect("an item");
        let item = found.item.expect("an item");
        assert_eq!(item["n"], AttributeValue::N(total.to_owned()), "{token}");
    }
}

#[test]
fn answers_are_forgotten_once_nobody_can_ask_for_them() {
    const KEPT: Duration = Duration::from_secs(60);
    let mut answers = Answers::new(KEPT);
    let (start, moment) = (Instant::now(), Duration::from_millis(1));
    for n in 0..1_000 {
        answers.keep(start, n.to_string(), "done".to_owned());
    }
    answers.keep(start + moment, "later".to_owned(), "done".to_owned());
    assert_eq!(answers.find(start + KEPT, "7"), Some("done"));
    assert_eq!(answers.find(start + KEPT + moment, "7"), None);
    assert_eq!(answers.find(start + KEPT + moment, "later"), Some("done"));
    assert_eq!(answers.len(), 1);
}
