use std::sync::Mutex;

use marquee_messaging::trace::TraceContext;
use serde_json::json;

use super::*;

/// Takes all but the events named; remembers what it was given.
#[derive(Debug, Default)]
struct Broker {
    refuse: Vec<&'static str>,
    /// Dead-letters nothing.
    away: bool,
    published: Mutex<Vec<String>>,
    dead_lettered: Mutex<Vec<String>>,
}

#[async_trait]
impl DeadLetters for Broker {
    async fn dead_letter(
        &self,
        queue: &str,
        _: &Message,
        reason: &str,
    ) -> Result<(), PublishError> {
        if self.away {
            return Err(PublishError::Unconfirmed("away".into()));
        }
        assert_eq!(queue, "relay_outbox");
        self.dead_lettered.lock().expect("not poisoned").push(reason.to_owned());
        Ok(())
    }
}

#[async_trait]
impl Publisher for Broker {
    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        let publish = |outgoing: &Outgoing| {
            let body = outgoing.message.text().into_owned();
            if body.contains("\"nowhere\"") {
                let Outgoing { exchange, routing_key, .. } = outgoing.clone();
                return Err(PublishError::Unroutable { exchange, routing_key });
            }
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

async fn relay_to(broker: &Arc<Broker>, records: &[StreamRecord]) -> Option<String> {
    RelayOutbox {
        publisher: broker.clone(),
        dead_letters: broker.clone(),
        topology: marquee_contexts::topology(),
    }
    .handle(records)
    .await
}

async fn relay(refuse: &[&'static str], records: &[StreamRecord]) -> (Option<String>, Vec<String>) {
    let broker = Arc::new(Broker { refuse: refuse.to_vec(), ..Broker::default() });
    let failed = relay_to(&broker, records).await;
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
async fn an_event_that_can_never_be_published_is_dead_lettered_and_does_not_stop_the_ones_behind_it()
 {
    let hopeless = [
        json!({"S": "not a map"}),
        json!({"M": {"id": {"B": "AA=="}}}),
        json!({"M": {"key": {"S": "reservation.confirmed"}}}),
        json!({"M": {"id": {"S": "x"}, "key": {"N": "1"}, "body": {"Z": 1}}}),
        json!({"M": {
            "id": {"B": "AAAAAAAAAAAAAAAAAAAAAQ=="}, "key": {"S": "no.such.key"}, "body": {"M": {}},
        }}),
        event("nowhere"),
    ];
    for before in hopeless {
        let records = [record("1", &before, &Value::Null), record("2", &event("b"), &Value::Null)];
        let broker = Arc::new(Broker::default());
        assert_eq!(relay_to(&broker, &records).await, None, "{before}");
        assert_eq!(broker.published.lock().expect("not poisoned").len(), 1, "{before}");
        let dead_lettered = broker.dead_lettered.lock().expect("not poisoned").clone();
        assert!(
            matches!(&dead_lettered[..], [reason] if !reason.is_empty()),
            "{before}: {dead_lettered:?}"
        );
    }
}

#[tokio::test]
async fn an_event_that_could_not_even_be_dead_lettered_comes_again() {
    let broker = Arc::new(Broker { away: true, ..Broker::default() });
    let records = [record("1", &json!({"S": "not a map"}), &Value::Null)];
    assert_eq!(relay_to(&broker, &records).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn what_stands_before_a_record_that_comes_again_has_been_published() {
    let broker = Arc::new(Broker { away: true, ..Broker::default() });
    let malformed = json!({"S": "not a map"});
    let records = [record("1", &event("a"), &Value::Null), record("2", &malformed, &Value::Null)];
    assert_eq!(relay_to(&broker, &records).await.as_deref(), Some("2"));
    assert_eq!(broker.published.lock().expect("not poisoned").len(), 1);
}

#[tokio::test]
async fn an_event_whose_trace_cannot_be_read_is_published_without_it() {
    for unreadable in [json!({ "B": "AA" }), json!({ "SS": ["a"] }), json!({ "S": "x" })] {
        let mut event = event("a");
        event["M"]["trace"] = unreadable;
        let (failed, published) = relay(&[], &[record("1", &event, &Value::Null)]).await;
        assert_eq!((failed, published.len()), (None, 1), "{event}");
    }
}

#[tokio::test]
async fn the_trace_of_the_request_travels_with_the_event() {
    let trace = TraceContext::begin();
    let mut event = event("a");
    let bytes = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, trace.to_bytes());
    event["M"]["trace"] = json!({ "B": bytes });
    let Some(Task::Publish(outgoing)) =
        task(&marquee_contexts::topology(), &record("1", &event, &Value::Null))
    else {
        panic!("an event to publish")
    };
    assert_eq!(outgoing.message.metadata.traceparent, Some(trace.to_string()));
}
