//! What every broker backend has to do, whatever it is made of. A backend's own tests call these
//! with a fresh broker each.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use marquee_booking::topology::TICKETING_EVENTS;
use marquee_messaging::{
    message::{Message, Metadata},
    publisher::{DeadLetters, Failed, Outgoing, PublishError, Publisher, Replies, Reply, Retries},
};
use uuid::Uuid;

pub const QUEUE: &str = "event_service_queue";

/// An event that [`QUEUE`] gets a copy of.
pub fn routed(body: &str) -> Outgoing {
    Outgoing {
        exchange: TICKETING_EVENTS.to_owned(),
        routing_key: "reservation.confirmed".to_owned(),
        message: Message {
            metadata: Metadata { id: Some(Uuid::nil().to_string()), ..Metadata::default() },
            body: body.as_bytes().to_vec(),
        },
    }
}

/// One result for each message, in order: what one of them comes to says nothing of the others.
///
/// # Panics
/// If the backend does otherwise.
pub async fn results_are_per_message_and_in_order(publisher: &dyn Publisher) {
    let nowhere = Outgoing { routing_key: "no.such.key".into(), ..routed("b") };
    let results = publisher.publish(&[routed("a"), nowhere, routed("c")]).await;
    assert_eq!(results.len(), 3);
    assert_eq!(results[0], Ok(()));
    assert!(matches!(results[1], Err(PublishError::Unroutable { .. })), "{:?}", results[1]);
    assert_eq!(results[2], Ok(()));
}

/// A payload that the broker cannot take is refused before it is sent, with both sizes.
///
/// # Panics
/// If the backend does otherwise.
pub async fn oversized_payloads_are_refused_with_their_size(publisher: &dyn Publisher) {
    let body = "x".repeat(300 * 1024);
    let results = publisher.publish(&[routed(&body)]).await;
    match &results[..] {
        [Err(PublishError::PayloadTooLarge { limit, actual })] => {
            assert!(limit < actual);
            assert_eq!(*actual, body.len());
        }
        other => panic!("{other:?}"),
    }
}

/// What SNS or SQS would refuse is refused everywhere, and keeps no other message back.
///
/// # Panics
/// If the backend does otherwise.
pub async fn text_that_no_broker_carries_is_refused(publisher: &dyn Publisher) {
    let mut bytes = routed("");
    bytes.message.body = b"\xff\xfe".to_vec();
    let batch = [routed("a"), routed("x\u{ffff}"), bytes, routed("c")];
    let results = publisher.publish(&batch).await;
    for index in [1, 2] {
        let refused = matches!(results[index], Err(PublishError::Refused(_)));
        assert!(refused, "{:?}", results[index]);
    }
    assert_eq!((&results[0], &results[3]), (&Ok(()), &Ok(())));
}

/// An empty batch is no reason to ask the broker anything.
///
/// # Panics
/// If the backend does otherwise.
pub async fn an_empty_batch_has_no_results(publisher: &dyn Publisher) {
    assert_eq!(publisher.publish(&[]).await, Vec::new());
}

/// A message in the hands of who consumes [`QUEUE`].
#[derive(Clone, Debug)]
pub struct InHand {
    pub message: Message,
    /// Counted from 1.
    pub attempt: u32,
    pub receipt: String,
}

/// What stands between a queue and its consumer: Lambda's mapping, or a test in its place.
#[async_trait]
pub trait Mapping: Send + Sync {
    /// Waits for the next message of [`QUEUE`].
    async fn receive(&self) -> InHand;
    /// Settles a message that was handled.
    async fn done(&self, in_hand: InHand);
    /// Settles a message that is to come again.
    async fn retried(&self, in_hand: InHand);
    /// Waits for the next dead letter of [`QUEUE`], with its reason.
    async fn dead_letter(&self) -> (Message, String);
    /// Waits for the next reply in a queue.
    async fn reply(&self, queue: &str) -> Message;
}

/// All ports of a backend.
#[expect(missing_debug_implementations, reason = "a mapping is whatever a test makes it")]
pub struct Backend<'a> {
    pub publisher: &'a dyn Publisher,
    pub dead_letters: &'a dyn DeadLetters,
    pub retries: &'a dyn Retries,
    pub replies: &'a dyn Replies,
    pub mapping: &'a dyn Mapping,
}

/// A message that failed for now comes again, once, with what stood beside it, and not before its time.
///
/// # Panics
/// If the backend does otherwise.
pub async fn a_message_that_failed_for_now_comes_again_after_its_delay(backend: &Backend<'_>) {
    let delay = Duration::from_secs(2);
    assert_eq!(backend.publisher.publish(&[routed("later")]).await, [Ok(())]);
    let first = backend.mapping.receive().await;
    assert_eq!((first.attempt, first.message.text()), (1, "later".into()));
    let began = Instant::now();
    let failed = Failed {
        queue: QUEUE,
        message: &first.message,
        attempts: first.attempt,
        receipt: &first.receipt,
    };
    backend.retries.retry_later(failed, delay).await.expect("delayed");
    backend.mapping.retried(first.clone()).await;

    assert_eq!(backend.publisher.publish(&[routed("meanwhile")]).await, [Ok(())]);
    let meanwhile = backend.mapping.receive().await;
    assert_eq!(meanwhile.message.text(), "meanwhile", "it holds up no other");
    backend.mapping.done(meanwhile).await;

    let again = backend.mapping.receive().await;
    assert!(began.elapsed() >= delay, "it came after {:?}", began.elapsed());
    assert_eq!((again.attempt, again.message.text()), (2, "later".into()));
    assert_eq!(again.message.metadata.id, first.message.metadata.id);
    backend.mapping.done(again).await;
}

/// A dead letter has its body as it was, what stood beside it, and the reason.
///
/// # Panics
/// If the backend does otherwise.
pub async fn a_dead_letter_keeps_what_it_was_and_has_the_reason(backend: &Backend<'_>) {
    let message = routed("never").message;
    backend.dead_letters.dead_letter(QUEUE, &message, "it cannot be").await.expect("dead-lettered");
    let (dead, reason) = backend.mapping.dead_letter().await;
    assert_eq!(dead.text(), "never");
    assert_eq!(dead.metadata.id, message.metadata.id);
    assert_eq!(reason, "it cannot be");
}

/// Replies go to queues that are for them, with what ties them to their requests, and to no others.
///
/// # Panics
/// If the backend does otherwise.
pub async fn replies_reach_their_queues_and_no_working_queue(backend: &Backend<'_>, to: &str) {
    let metadata = Metadata { correlation_id: Some("c-1".into()), ..routed("").message.metadata };
    let message = Message { metadata, body: b"yes".to_vec() };
    let to_working_queue = Reply { to: QUEUE.into(), message: message.clone() };
    let replies = [Reply { to: to.into(), message }, to_working_queue];
    let results = backend.replies.reply(&replies).await;
    assert_eq!(results[0], Ok(()));
    assert!(matches!(results[1], Err(PublishError::Unroutable { .. })), "{:?}", results[1]);
    let reply = backend.mapping.reply(to).await;
    assert_eq!(reply.text(), "yes");
    assert_eq!(reply.metadata.correlation_id.as_deref(), Some("c-1"));
}

/// Dead-lettering says so if it could not be done.
///
/// # Panics
/// If the backend does otherwise.
pub async fn dead_lettering_for_an_unknown_queue_is_an_error(dead_letters: &dyn DeadLetters) {
    let dead_lettered =
        dead_letters.dead_letter("no_such_queue", &routed("a").message, "why").await;
    assert!(dead_lettered.is_err());
}
