use std::sync::Mutex;

use async_trait::async_trait;
use marquee_messaging::{publisher::PublishError, trace};
use serde_json::json;

use super::*;

#[derive(Debug, Default)]
struct ByBody {
    given_up: Mutex<Vec<(String, String)>>,
}

#[async_trait]
impl MessageHandler for ByBody {
    async fn handle(&self, message: &Message) -> Outcome {
        match &*message.text() {
            "later" => Outcome::RetryLater("not now".into()),
            "poison" => Outcome::Poison("never".into()),
            "long" => Outcome::Poison("x".repeat(200_000)),
            "panic" => panic!("on purpose"),
            "trace" => {
                Outcome::Poison(trace::current().map(TraceContext::trace_id).unwrap_or_default())
            }
            _ => Outcome::Done,
        }
    }

    async fn give_up(&self, message: &Message, reason: &str) {
        let given_up = (message.text().into_owned(), reason.to_owned());
        self.given_up.lock().expect("not poisoned").push(given_up);
    }
}

/// Remembers what was dead-lettered and delayed.
#[derive(Debug, Default)]
struct Broker {
    away: bool,
    dead_letters_nothing: bool,
    has_no_retry_queues: bool,
    dead_lettered: Mutex<Vec<(Message, String)>>,
    retried: Mutex<Vec<(String, u32, Duration)>>,
}

#[async_trait]
impl DeadLetters for Broker {
    async fn dead_letter(
        &self,
        _: &str,
        message: &Message,
        reason: &str,
    ) -> Result<(), PublishError> {
        if self.away || self.dead_letters_nothing {
            return Err(PublishError::Unconfirmed("away".into()));
        }
        self.dead_lettered.lock().expect("not poisoned").push((message.clone(), reason.to_owned()));
        Ok(())
    }
}

#[async_trait]
impl Retries for Broker {
    async fn retry_later(&self, failed: Failed<'_>, delay: Duration) -> Result<(), PublishError> {
        if self.away {
            return Err(PublishError::Unconfirmed("away".into()));
        }
        if self.has_no_retry_queues {
            let (exchange, routing_key) = (String::new(), failed.queue.to_owned());
            return Err(PublishError::Unroutable { exchange, routing_key });
        }
        let retried = (failed.message.text().into_owned(), failed.attempts, delay);
        self.retried.lock().expect("not poisoned").push(retried);
        Ok(())
    }
}

fn consumer(broker: Broker) -> (Consumer, Arc<Broker>) {
    let broker = Arc::new(broker);
    let consumer = Consumer {
        queue: "event_service_queue",
        retry: RetryPolicy::STANDARD,
        handler: Arc::new(ByBody::default()),
        dead_letters: broker.clone(),
        retries: broker.clone(),
    };
    (consumer, broker)
}

fn sqs(bodies: &[&str], attempt: u32) -> Value {
    let count = attempt.to_string();
    let attributes = json!({ "ApproximateReceiveCount": count });
    let record = |body| json!({"messageId": body, "body": body, "attributes": attributes});
    json!({ "Records": bodies.iter().map(record).collect::<Vec<_>>() })
}

/// As the mapping writes it: nulls wherever a property was not set.
fn amazon_mq(bodies: &[&[u8]], headers: &Value) -> Value {
    let message = |body: &&[u8]| {
        json!({
            "basicProperties": {
                "contentType": null, "contentEncoding": null, "headers": headers,
                "deliveryMode": null, "priority": null, "correlationId": null, "replyTo": null,
                "expiration": null, "messageId": null, "timestamp": null, "type": null,
                "userId": null, "appId": null, "clusterId": null, "bodySize": body.len(),
            },
            "redelivered": false,
            "data": base64::Engine::encode(&base64::prelude::BASE64_STANDARD, body),
        })
    };
    json!({
        "eventSource": "aws:rmq",
        "eventSourceArn": "arn:aws:mq:eu-west-1:123456789012:broker:marquee:b-1",
        "rmqMessagesByQueue": {
            "event_service_queue::/": bodies.iter().map(message).collect::<Vec<_>>(),
        },
    })
}

fn bytes(text: &str) -> Value {
    json!({ "bytes": text.bytes().collect::<Vec<_>>() })
}

fn dead_lettered(broker: &Broker) -> Vec<(String, String)> {
    let dead_lettered = broker.dead_lettered.lock().expect("not poisoned");
    dead_lettered.iter().map(|(message, why)| (message.text().into_owned(), why.clone())).collect()
}

#[tokio::test]
async fn on_sqs_only_the_messages_that_failed_come_again() {
    let (consumer, broker) = consumer(Broker::default());
    let event = sqs(&["fine", "later", "poison", "panic", "also fine"], 1);
    let answer = consume(&consumer, event).await.expect("an answer");
    let again = [json!({"itemIdentifier": "later"}), json!({"itemIdentifier": "panic"})];
    assert_eq!(answer["batchItemFailures"], json!(again));
    assert_eq!(dead_lettered(&broker), [("poison".into(), "never".into())]);
}

#[tokio::test]
async fn on_sqs_a_dead_letter_that_was_dead_lettered_encoded_is_read_as_it_was() {
    let (consumer, broker) = consumer(Broker::default());
    let mut event = sqs(&["cG9pc29u", "cG9pc29u"], 1);
    event["Records"][0]["messageAttributes"] =
        json!({ "dead-letter-body-encoding": {"stringValue": "base64", "dataType": "String"} });
    consume(&consumer, event).await.expect("an answer");
    assert_eq!(dead_lettered(&broker), [("poison".into(), "never".into())]);
}

#[tokio::test]
async fn a_batch_without_failures_is_answered_with_an_empty_list_not_null() {
    let (consumer, _) = consumer(Broker::default());
    let answer = consume(&consumer, sqs(&["fine"], 1)).await.expect("an answer");
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
}

#[tokio::test]
async fn the_last_attempt_dead_letters_with_the_reason() {
    let (consumer, broker) = consumer(Broker::default());
    let answer = consume(&consumer, sqs(&["later"], 10)).await.expect("an answer");
    assert_eq!(answer["batchItemFailures"], json!([]));
    assert_eq!(
        dead_lettered(&broker),
        [("later".into(), "failed 10 times, at last: not now".into())]
    );
}

#[tokio::test]
async fn a_reason_is_cut_to_what_a_header_takes() {
    let (consumer, broker) = consumer(Broker::default());
    consume(&consumer, amazon_mq(&[b"long"], &Value::Null)).await.expect("settled");
    assert_eq!(dead_lettered(&broker), [("long".to_owned(), "x".repeat(500))]);
}

#[tokio::test]
async fn on_amazon_mq_null_properties_are_no_obstacle_and_each_message_is_settled_by_itself() {
    let (consumer, broker) = consumer(Broker::default());
    let event = amazon_mq(&[b"fine", b"later", b"poison", b"panic", b"\xff\xfe"], &Value::Null);
    assert_eq!(consume(&consumer, event).await.expect("settled"), Value::Null);
    assert_eq!(dead_lettered(&broker), [("poison".into(), "never".into())]);
    let retried = broker.retried.lock().expect("not poisoned").clone();
    let first = Duration::from_secs(1);
    assert_eq!(retried, [("later".into(), 1, first), ("panic".into(), 1, first)]);
}

#[tokio::test]
async fn on_amazon_mq_the_header_counts_the_attempts() {
    let (consumer, broker) = consumer(Broker::default());
    let event = |tried| amazon_mq(&[b"later"], &json!({ "delivery-attempts": tried }));
    consume(&consumer, event(1)).await.expect("settled");
    consume(&consumer, event(9)).await.expect("settled");
    let retried = broker.retried.lock().expect("not poisoned").clone();
    assert_eq!(retried, [("later".into(), 2, Duration::from_secs(2))]);
    assert_eq!(dead_lettered(&broker).len(), 1);
}

#[tokio::test]
async fn on_amazon_mq_the_batch_comes_again_only_if_something_could_not_be_settled() {
    let (consumer, _) = consumer(Broker { away: true, ..Broker::default() });
    assert!(consume(&consumer, amazon_mq(&[b"fine"], &Value::Null)).await.is_ok());
    for unsettled in ["later", "poison"] {
        let event = amazon_mq(&[b"fine", unsettled.as_bytes()], &Value::Null);
        assert!(consume(&consumer, event).await.is_err(), "{unsettled}");
    }
}

#[tokio::test]
async fn on_amazon_mq_nothing_is_put_off_while_something_else_keeps_the_batch() {
    let (consumer, broker) = consumer(Broker { dead_letters_nothing: true, ..Broker::default() });
    let event = amazon_mq(&[b"later", b"poison", b"later"], &Value::Null);
    assert!(consume(&consumer, event).await.is_err());
    assert!(broker.retried.lock().expect("not poisoned").is_empty(), "each would come twice");
}

#[tokio::test]
async fn on_amazon_mq_a_message_with_nowhere_to_wait_is_dead_lettered_with_both_reasons() {
    let (consumer, broker) = consumer(Broker { has_no_retry_queues: true, ..Broker::default() });
    consume(&consumer, amazon_mq(&[b"later"], &Value::Null)).await.expect("settled");
    let [(body, reason)] = &dead_lettered(&broker)[..] else { panic!("one dead letter") };
    assert_eq!(body, "later");
    assert!(reason.starts_with("not now; and then: no queue"), "{reason}");
}

#[tokio::test]
async fn an_event_of_another_shape_is_not_taken_for_an_empty_batch() {
    let (consumer, _) = consumer(Broker::default());
    for messages in [json!(null), json!([]), json!({ "event_service_queue::/": {} })] {
        let event = json!({ "rmqMessagesByQueue": messages });
        assert!(consume(&consumer, event).await.is_err(), "{messages}");
    }
}

#[tokio::test]
async fn on_amazon_mq_a_message_without_readable_data_is_dead_lettered_and_the_others_are_handled()
{
    let (consumer, broker) = consumer(Broker::default());
    let mut event = amazon_mq(&[b"fine", b"poison"], &Value::Null);
    event["rmqMessagesByQueue"]["event_service_queue::/"][0]["data"] = json!("%%%");
    consume(&consumer, event).await.expect("settled");
    assert_eq!(dead_lettered(&broker).len(), 2);
}

#[tokio::test]
async fn the_trace_goes_on_in_the_handler_from_either_kind_of_event() {
    let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let id = "0af7651916cd43dd8448eb211c80319c";
    let (consumer, broker) = consumer(Broker::default());
    let headers = json!({ "traceparent": bytes(header), "ce-id": bytes("x") });
    consume(&consumer, amazon_mq(&[b"trace"], &headers)).await.expect("settled");
    let mut event = sqs(&["trace"], 1);
    event["Records"][0]["messageAttributes"] =
        json!({ "traceparent": {"stringValue": header, "dataType": "String"} });
    consume(&consumer, event).await.expect("settled");
    assert_eq!(dead_lettered(&broker), [("trace".into(), id.into()), ("trace".into(), id.into())]);
    let first = broker.dead_lettered.lock().expect("not poisoned")[0].0.clone();
    assert_eq!(first.metadata.id.as_deref(), Some("x"));
}

/// Does nothing that a handler should.
#[derive(Debug)]
struct Careless;

#[async_trait]
impl BatchHandler for Careless {
    async fn handle_batch(&self, batch: &[Incoming]) -> Vec<Outcome> {
        match &*batch[0].message.text() {
            "panic" => panic!("on purpose"),
            "hang" => std::future::pending().await,
            _ => vec![Outcome::Done],
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_handler_panics_hangs_or_says_too_little_comes_again() {
    let (consumer, _) = consumer(Broker::default());
    let consumer = Consumer { handler: Arc::new(Careless), ..consumer };
    for (first, again) in [("panic", 2), ("hang", 2), ("says one of two", 1)] {
        let answer = consume(&consumer, sqs(&[first, "b"], 1)).await.expect("an answer");
        let failures = answer["batchItemFailures"].as_array().expect("a list");
        assert_eq!(failures.len(), again, "{first}: {failures:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_of_a_batch_that_panics_or_hangs_ends_before_its_batch_does() {
    assert_eq!(guarded(async { 1 }).await, Ok(1));
    let panics = async {
        if true {
            panic!("on purpose")
        }
    };
    assert_eq!(guarded(panics).await, Err("the handler panicked".into()));
    let within_the_batch =
        tokio::time::timeout(Duration::from_millis(12_500), guarded(std::future::pending::<()>()));
    assert!(within_the_batch.await.expect("in time").is_err());
}

#[test]
fn an_event_goes_to_the_consumer_of_its_queue() {
    let named = |queue| Consumer { queue, ..consumer(Broker::default()).0 };
    let both = [named("order_callback_reserved"), named("order_callback_failed")];
    for queue in ["order_callback_reserved", "order_callback_failed"] {
        let arn = format!("arn:aws:sqs:eu-west-1:123456789012:staging-{queue}");
        let sqs = json!({ "Records": [{ "eventSourceARN": arn }] });
        let rabbitmq = json!({ "rmqMessagesByQueue": { format!("{queue}::/"): [] } });
        for event in [sqs, rabbitmq] {
            assert_eq!(consumer_of(&both, &event).expect("a consumer").queue, queue, "{event}");
        }
    }
    for stranger in [json!({}), json!({ "rmqMessagesByQueue": { "other::/": [] } })] {
        assert!(consumer_of(&both, &stranger).is_err(), "{stranger}");
    }
    // With one queue there is nothing to mistake.
    assert!(consumer_of(&both[..1], &json!({})).is_ok());
}

#[tokio::test]
async fn a_handler_is_told_when_its_last_try_has_failed_and_not_before() {
    let handler = Arc::new(ByBody::default());
    let (consumer, broker) = consumer(Broker::default());
    let consumer = Consumer { handler: handler.clone(), ..consumer };
    let last = consumer.retry.attempts_max;
    for attempt in [1, last - 1, last] {
        let event = sqs(&["later", "poison", "fine", "panic"], attempt);
        consume(&consumer, event).await.expect("an answer");
        let given_up = handler.given_up.lock().expect("not poisoned").clone();
        let expected = [("later", "not now"), ("panic", "the handler panicked")];
        let expected = expected.map(|(body, reason)| (body.to_owned(), reason.to_owned()));
        assert_eq!(given_up, if attempt == last { expected.to_vec() } else { Vec::new() });
    }
    let dead = broker.dead_lettered.lock().expect("not poisoned").len();
    assert_eq!(dead, 3 + 2, "poison each time, and the two that failed for good");
}
