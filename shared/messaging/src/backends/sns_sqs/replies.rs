//! Answers, ten in a request for each queue that waits for some.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_sqs::{
    operation::send_message_batch::SendMessageBatchError, types::SendMessageBatchRequestEntry,
};
use futures_util::future::join_all;

use super::{
    batch::{ENTRIES_MAX, Sent, entry_error, request_error, send_split},
    queue::{SqsQueues, attribute_value, unconfirmed},
};
use crate::publisher::{PublishError, Replies, Reply};

#[async_trait]
impl Replies for SqsQueues {
    async fn reply(&self, replies: &[Reply]) -> Vec<Result<(), PublishError>> {
        let mut by_queue: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, reply) in replies.iter().enumerate() {
            by_queue.entry(&reply.to).or_default().push(index);
        }
        let sends = by_queue.iter().flat_map(|(queue, indexes)| {
            indexes.chunks(ENTRIES_MAX).map(move |indexes| {
                send_split(indexes.to_vec(), move |group| self.send(queue, replies, group))
            })
        });
        let mut results = vec![Err(unconfirmed("no answer")); replies.len()];
        for (index, result) in join_all(sends).await.into_iter().flatten() {
            results[index] = result;
        }
        results
    }
}

impl SqsQueues {
    async fn send(
        &self,
        queue: &str,
        replies: &[Reply],
        group: Vec<usize>,
    ) -> Result<Vec<Sent>, PublishError> {
        // Whoever asks may give its queue's URL, which has more than one spelling, or its name, with
        // or without the prefix of ours. It is taken for the queue of that name beside ours: no role
        // lets us send to any other.
        let of_names = self.url_prefix.rsplit('/').next().unwrap_or_default();
        let name = queue.rsplit('/').next().unwrap_or_default();
        let name = name.strip_prefix(of_names).unwrap_or(name);
        if !(self.topology.is_named_for_replies(name) && is_valid(name)) {
            return Err(Reply::nowhere(queue));
        }
        let mut request = self.client.send_message_batch().queue_url(self.url(name));
        for index in group {
            request = request.entries(entry(index, &replies[index])?);
        }
        let answer = request.send().await.map_err(|error| {
            let gone = SendMessageBatchError::is_queue_does_not_exist;
            match error.as_service_error().is_some_and(gone) {
                true => Reply::nowhere(queue),
                false => request_error(error),
            }
        })?;
        let index = |id: &str| id.parse::<usize>().ok();
        let sent = answer.successful().iter().filter_map(|entry| index(entry.id()));
        let failed = answer.failed().iter().filter_map(|entry| {
            let error = entry_error(entry.code(), entry.message(), entry.sender_fault());
            Some((index(entry.id())?, Err(error)))
        });
        Ok(sent.map(|index| (index, Ok(()))).chain(failed).collect())
    }
}

/// As SQS asks of a standard queue's name. What it would refuse for ever is no reason to try again.
fn is_valid(name: &str) -> bool {
    let may_be = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.len() <= 80 && name.chars().all(may_be)
}

fn entry(index: usize, reply: &Reply) -> Result<SendMessageBatchRequestEntry, PublishError> {
    let body = reply.message.text();
    let mut entry =
        SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(body);
    for (name, value) in reply.message.metadata.to_attributes() {
        entry = entry.message_attributes(name, attribute_value(value)?);
    }
    entry.build().map_err(unconfirmed)
}
