use std::sync::Mutex;

use serde_json::json;

use super::*;

/// Takes all but the events named; remembers what it was given.
#[derive(Default)]
struct Broker {
    refuse: Vec<&'static str>,
    published: Mutex<Vec<String>>,
}

#[async_trait]
impl Publisher for Broker {
    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        let publish = |outgoing: &Outgoing| {
            let body = outgoing.message.body.clone();
            if self.refuse.iter().any(|refused| body.contains(refused)) {
                return Err(PublishError::Unconfirmed("on purpose".into()));
            }
            self.published.lock().expect("not poisoned").push(body);
            Ok(())
        };
        batch.iter().map(publish).collect()
    }
}

fn event(n: &str) -> Value {
    json!({"M": {
        "id": {"B": "AAAAAAAAAAAAAAAAAAAAAQ=="},
        "key": {"S": "reservation.confirmed"},
        "body": {"M": {"n": {"S": n}, "by": {"B": "AAAAAAAAAAAAAAAAAAAAAg=="}, "of": {"N": "3"}}},
    }})
}

fn record(sequence_number: &str, new: &Value, old: &Value) -> StreamRecord {
    let image = |event: &Value| if event.is_null() { json!({}) } else { json!({"outbox": event}) };
    serde_json::from_value(json!({"dynamodb": {
        "SequenceNumber": sequence_number, "NewImage": image(new), "OldImage": image(old),
    }}))
    .expect("a record")
}

async fn relay(refuse: &[&'static str], records: &[StreamRecord]) -> (Option<String>, Vec<String>) {
    let broker = Arc::new(Broker { refuse: refuse.to_vec(), ..Broker::default() });
    let relay = RelayOutbox { publisher: broker.clone() };
    let failed = relay.handle(records).await;
    let published = broker.published.lock().expect("not poisoned").clone();
    (failed, published)
}

#[tokio::test]
async fn the_event_is_published_as_it_was_written() {
    let (failed, published) = relay(&[], &[record("1", &event("a"), &Value::Null)]).await;
    assert_eq!(failed, None);
    let body: Value = serde_json::from_str(&published[0]).expect("json");
    assert_eq!(body, json!({"n": "a", "of": 3, "by": "00000000-0000-0000-0000-000000000002"}));
}

#[tokio::test]
async fn a_change_that_left_the_event_alone_publishes_nothing() {
    let records = [
        record("1", &event("a"), &event("a")),
        record("2", &Value::Null, &event("a")),
        record("3", &event("b"), &event("a")),
    ];
    let (failed, published) = relay(&[], &records).await;
    assert_eq!((failed, published.len()), (None, 1));
}

#[tokio::test]
async fn a_failed_publish_is_reported_by_its_record_and_nothing_after_it_counts_as_done() {
    let records: Vec<_> = ["a", "b", "c"]
        .iter()
        .enumerate()
        .map(|(n, name)| record(&n.to_string(), &event(name), &Value::Null))
        .collect();
    let (failed, published) = relay(&["\"b\""], &records).await;
    assert_eq!(failed.as_deref(), Some("1"));
    assert!(published[0].contains("\"a\""));
}

#[tokio::test]
async fn a_malformed_event_does_not_stop_the_ones_behind_it() {
    let malformed = [
        json!({"S": "not a map"}),
        json!({"M": {"id": {"B": "AA=="}}}),
        json!({"M": {"key": {"S": "reservation.confirmed"}}}),
        json!({"M": {"id": {"S": "x"}, "key": {"N": "1"}, "body": {"Z": 1}}}),
    ];
    for event_before in malformed {
        let records =
            [record("1", &event_before, &Value::Null), record("2", &event("b"), &Value::Null)];
        let (failed, published) = relay(&[], &records).await;
        assert_eq!((failed, published.len()), (None, 1), "{event_before}");
    }
}
