//! Answers, ten in a request for each queue that waits for some.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_sqs::{
    error::DisplayErrorContext, operation::send_message_batch::SendMessageBatchError,
    types::SendMessageBatchRequestEntry,
};
use futures_util::future::join_all;

use super::queue::{SqsQueues, attribute_value, unconfirmed};
use crate::{
    publisher::{PublishError, Replies, Reply},
    topology,
};

/// What SQS takes in one request.
const ENTRIES_MAX: usize = 10;

/// A reply's place in the batch, and what came of it.
type Sent = (usize, Result<(), PublishError>);

#[async_trait]
impl Replies for SqsQueues {
    async fn reply(&self, replies: &[Reply]) -> Vec<Result<(), PublishError>> {
        let mut by_queue: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (n, reply) in replies.iter().enumerate() {
            by_queue.entry(&reply.to).or_default().push(n);
        }
        let sends = by_queue.iter().flat_map(|(queue, places)| {
            places.chunks(ENTRIES_MAX).map(|places| self.send(queue, replies, places))
        });
        let mut results = vec![Err(unconfirmed("no answer")); replies.len()];
        for (n, result) in join_all(sends).await.into_iter().flatten() {
            results[n] = result;
        }
        results
    }
}

impl SqsQueues {
    async fn send(&self, queue: &str, replies: &[Reply], places: &[usize]) -> Vec<Sent> {
        // Whoever asks may give its queue's URL, which has more than one spelling, or its name, with
        // or without the prefix of ours. It is taken for the queue of that name beside ours: no role
        // lets us send to any other.
        let of_names = self.url_prefix.rsplit('/').next().unwrap_or_default();
        let name = queue.rsplit('/').next().unwrap_or_default();
        let name = name.strip_prefix(of_names).unwrap_or(name);
        if !(topology::is_named_for_replies(name) && is_valid(name)) {
            return places.iter().map(|n| (*n, Err(Reply::nowhere(queue)))).collect();
        }
        let url = self.url(name);
        let mut request = self.client.send_message_batch().queue_url(url);
        for &n in places {
            match entry(n, &replies[n]) {
                Ok(entry) => request = request.entries(entry),
                Err(error) => return places.iter().map(|n| (*n, Err(error.clone()))).collect(),
            }
        }
        match request.send().await {
            Ok(answer) => {
                let place = |id: &str| id.parse::<usize>().ok();
                let sent = answer.successful().iter().filter_map(|entry| place(entry.id()));
                let failed = answer.failed().iter().filter_map(|entry| {
                    let error = match entry.sender_fault() {
                        true => Reply::nowhere(queue),
                        false => unconfirmed(entry.message().unwrap_or("no reason given")),
                    };
                    Some((place(entry.id())?, Err(error)))
                });
                sent.map(|n| (n, Ok(()))).chain(failed).collect()
            }
            Err(error) => {
                let gone = matches!(
                    error.as_service_error(),
                    Some(SendMessageBatchError::QueueDoesNotExist(_))
                );
                let error = match gone {
                    true => Reply::nowhere(queue),
                    false => unconfirmed(DisplayErrorContext(error)),
                };
                places.iter().map(|n| (*n, Err(error.clone()))).collect()
            }
        }
    }
}

/// As SQS asks of a standard queue's name. What it would refuse for ever is no reason to try again.
fn is_valid(name: &str) -> bool {
    let may_be = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.len() <= 80 && name.chars().all(may_be)
}

fn entry(n: usize, reply: &Reply) -> Result<SendMessageBatchRequestEntry, PublishError> {
    let body = std::str::from_utf8(&reply.message.body).map_err(unconfirmed)?;
    let mut entry = SendMessageBatchRequestEntry::builder().id(n.to_string()).message_body(body);
    for (name, value) in reply.message.metadata.to_attributes() {
        entry = entry.message_attributes(name, attribute_value(value)?);
    }
    entry.build().map_err(unconfirmed)
}
