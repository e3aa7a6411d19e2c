//! Publishing to topics.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sns::{
    Client,
    types::{MessageAttributeValue, PublishBatchRequestEntry},
};
use futures_util::future::join_all;
use tokio::time::sleep;

use super::batch::{ENTRIES_MAX, Sent, entry_error, request_error, send_split};
use crate::{
    message::attribute,
    publisher::{Outgoing, PublishError, Publisher},
    topology::Topology,
};

/// What SNS takes in one request; several requests go out side by side.
const BATCH_BYTES_MAX: usize = 256 * 1024;
/// Left for the attributes of one message.
const ATTRIBUTES_BYTES: usize = 1024;
/// The SDK retries whole requests; these are for entries that failed in a request that did not.
const ROUNDS: u32 = 4;
const PAUSE_FIRST: Duration = Duration::from_millis(50);

#[derive(Clone, Debug)]
pub struct SnsPublisher {
    pub client: Client,
    /// A topic's ARN without the exchange's name at its end.
    pub topic_arn_prefix: String,
    pub topology: Topology,
}

#[async_trait]
impl Publisher for SnsPublisher {
    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        let unsent = || Err(unconfirmed("not sent"));
        let mut results: Vec<_> =
            batch.iter().map(|outgoing| self.refusal(outgoing).map_or_else(unsent, Err)).collect();
        for round in 0..ROUNDS {
            let left: Vec<_> = (0..batch.len())
                .filter(|n| results[*n].as_ref().is_err_and(PublishError::is_transient))
                .collect();
            if left.is_empty() {
                break;
            }
            if round > 0 {
                sleep(PAUSE_FIRST * 2_u32.pow(round)).await;
            }
            let sends = self.topology.exchanges().into_iter().flat_map(|exchange| {
                let on_it = left.iter().copied().filter(|n| batch[*n].exchange == exchange);
                let groups = requests(batch, on_it).into_iter();
                groups.map(move |group| {
                    send_split(group, move |group| self.send(exchange, batch, group))
                })
            });
            for (n, result) in join_all(sends).await.into_iter().flatten() {
                results[n] = result;
            }
        }
        results
    }
}

/// Splits messages of one topic, by their places in `batch`, into what single requests take.
fn requests(batch: &[Outgoing], on_topic: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
    let mut requests: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for n in on_topic {
        let size = batch[n].message.body.len() + ATTRIBUTES_BYTES;
        match requests.last_mut() {
            Some(last) if last.len() < ENTRIES_MAX && bytes + size <= BATCH_BYTES_MAX => {
                last.push(n);
                bytes += size;
            }
            _ => {
                requests.push(vec![n]);
                bytes = size;
            }
        }
    }
    requests
}

impl SnsPublisher {
    /// Why a message is not to be sent at all. SNS itself drops a message that no subscription takes.
    fn refusal(&self, outgoing: &Outgoing) -> Option<PublishError> {
        let Outgoing { exchange, routing_key, .. } = outgoing;
        match self.topology.routes(exchange, routing_key).next() {
            Some(_) => outgoing.check_body().err(),
            None => Some(outgoing.unroutable()),
        }
    }

    /// What each message came to. One that the answer does not mention is not confirmed.
    async fn send(
        &self,
        exchange: &str,
        batch: &[Outgoing],
        group: Vec<usize>,
    ) -> Result<Vec<Sent>, PublishError> {
        let topic = format!("{}{exchange}", self.topic_arn_prefix);
        let mut request = self.client.publish_batch().topic_arn(topic);
        for index in group {
            request = request.publish_batch_request_entries(entry(index, &batch[index])?);
        }
        let answer = request.send().await.map_err(request_error)?;
        let successful = answer.successful().iter().filter_map(|entry| index_of(entry.id()?));
        let failed = answer.failed().iter().filter_map(|entry| {
            let error = entry_error(entry.code(), entry.message(), entry.sender_fault());
            Some((index_of(entry.id())?, Err(error)))
        });
        Ok(successful.map(|index| (index, Ok(()))).chain(failed).collect())
    }
}

fn index_of(id: &str) -> Option<usize> {
    id.parse().ok()
}

fn unconfirmed(why: impl std::fmt::Display) -> PublishError {
    PublishError::Unconfirmed(why.to_string())
}

fn entry(index: usize, outgoing: &Outgoing) -> Result<PublishBatchRequestEntry, PublishError> {
    let body = outgoing.message.text();
    let mut entry = PublishBatchRequestEntry::builder().id(index.to_string()).message(body);
    let mut attributes = outgoing.message.metadata.to_attributes();
    attributes.insert(attribute::ROUTING_KEY, &outgoing.routing_key);
    for (name, value) in attributes {
        let value = MessageAttributeValue::builder().data_type("String").string_value(value);
        entry = entry.message_attributes(name, value.build().map_err(unconfirmed)?);
    }
    entry.build().map_err(unconfirmed)
}
