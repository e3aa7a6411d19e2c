//! What every broker backend has to do, whatever it is made of. A backend's own tests call these
//! with a fresh broker each.

use marquee_messaging::{
    message::{Message, Metadata},
    publisher::{DeadLetters, Outgoing, PublishError, Publisher},
    topology::TICKETING_EVENTS,
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

/// Parking says so if it could not be done.
///
/// # Panics
/// If the backend does otherwise.
pub async fn parking_for_an_unknown_queue_is_an_error(dead_letters: &dyn DeadLetters) {
    let parked = dead_letters.park("no_such_queue", &routed("a").message, "why").await;
    assert!(parked.is_err());
}
