//! A topic, a queue and its dead letters on SNS and SQS, as a deployed stack has them, and
//! Lambda's part: fetching messages and settling them as the function's answer says.

use std::time::{Duration, Instant};

use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use marquee_lambda::consumer::{Consumer, consume};
use marquee_messaging::{
    backends::sns_sqs::{SnsPublisher, SqsQueues},
    topology,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::server;

/// As Lambda's default.
const BATCH_LEN_MAX: i32 = 10;

#[derive(Clone, Debug)]
pub struct SqsStack {
    pub sns: aws_sdk_sns::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub topic_arn_prefix: String,
    pub queue: &'static str,
    pub queue_url: String,
    pub dead_letter_queue_url: String,
}

/// SNS as a client of the environment's emulator would have it.
pub fn sns_config() -> aws_sdk_sns::config::Builder {
    aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(server("AWS_ENDPOINT_URL"))
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "testkit"))
}

fn sqs_client() -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(server("AWS_ENDPOINT_URL"))
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "testkit"));
    aws_sdk_sqs::Client::from_conf(config.build())
}

impl SqsStack {
    /// The queue of the topology and all around it, under a prefix of its own. A message that is
    /// received and not settled comes again after `visibility_seconds`.
    ///
    /// # Panics
    /// If there is no emulator.
    pub async fn create(queue: &'static str, visibility_seconds: u32) -> Self {
        let (sns, sqs) = (aws_sdk_sns::Client::from_conf(sns_config().build()), sqs_client());
        let prefix = format!("{}-", Uuid::new_v4().simple());
        let entry = marquee_contexts::topology().queue(queue).expect("a queue of the topology");
        let dead_letter_queue = format!("{prefix}{}", topology::dead_letter_queue(queue));
        let dead_letter_queue_url = create_queue(&sqs, &dead_letter_queue, &[]).await;
        let dead_letter_queue_arn = arn(&sqs, &dead_letter_queue_url).await;
        let redrive =
            json!({ "deadLetterTargetArn": dead_letter_queue_arn, "maxReceiveCount": 12 });
        let attributes = [
            (QueueAttributeName::VisibilityTimeout, visibility_seconds.to_string()),
            (QueueAttributeName::RedrivePolicy, redrive.to_string()),
        ];
        let queue_url = create_queue(&sqs, &format!("{prefix}{queue}"), &attributes).await;
        let topic = format!("{prefix}{}", entry.exchange);
        let topic = sns.create_topic().name(topic).send().await.expect("a topic");
        let topic_arn = topic.topic_arn().expect("an arn").to_owned();
        sns.subscribe()
            .topic_arn(&topic_arn)
            .protocol("sqs")
            .endpoint(arn(&sqs, &queue_url).await)
            .attributes("RawMessageDelivery", "true")
            .attributes("FilterPolicy", json!({ "routing_key": entry.routing_keys }).to_string())
            .send()
            .await
            .expect("a subscription");
        let topic_arn_prefix = topic_arn.trim_end_matches(entry.exchange).to_owned();
        Self { sns, sqs, topic_arn_prefix, queue, queue_url, dead_letter_queue_url }
    }

    pub fn publisher(&self) -> SnsPublisher {
        SnsPublisher {
            client: self.sns.clone(),
            topic_arn_prefix: self.topic_arn_prefix.clone(),
            topology: marquee_contexts::topology(),
        }
    }

    pub fn queues(&self) -> SqsQueues {
        let url_prefix = self.queue_url.trim_end_matches(self.queue).to_owned();
        SqsQueues { client: self.sqs.clone(), url_prefix, topology: marquee_contexts::topology() }
    }

    /// Sends a body by hand, past the topic, with no attributes.
    ///
    /// # Panics
    /// If it is not taken.
    pub async fn send(&self, body: &str) {
        let request = self.sqs.send_message().queue_url(&self.queue_url).message_body(body);
        request.send().await.expect("sent");
    }

    /// One round of Lambda's mapping: fetches a batch, has it handled, and deletes what is done.
    /// Dropped midway, it settles nothing, as when a function is killed. Says how many there were.
    ///
    /// # Panics
    /// If the queue does not answer or the function fails.
    pub async fn poll(&self, consumer: &Consumer) -> usize {
        let batch = self.receive(&self.queue_url).await;
        let records: Vec<_> = batch.iter().map(|message| record(message, self.queue)).collect();
        let answer = consume(consumer, json!({ "Records": records })).await.expect("an answer");
        let failures = answer["batchItemFailures"].as_array().expect("a list, never null");
        let failed = |message: &Message| {
            failures.iter().any(|failure| failure["itemIdentifier"] == json!(message.message_id()))
        };
        for message in batch.iter().filter(|message| !failed(message)) {
            let receipt = message.receipt_handle().unwrap_or_default();
            let delete = self.sqs.delete_message().queue_url(&self.queue_url);
            delete.receipt_handle(receipt).send().await.expect("deleted");
        }
        batch.len()
    }

    /// Waits for `count` dead letters: their bodies and reasons.
    ///
    /// # Panics
    /// If they do not come.
    pub async fn dead_letters(&self, count: usize) -> Vec<(String, String)> {
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut letters = Vec::new();
        while letters.len() < count {
            assert!(Instant::now() < deadline, "{} of {count} dead letters", letters.len());
            for message in self.receive(&self.dead_letter_queue_url).await {
                let attributes = message.message_attributes();
                let reason = attributes.and_then(|all| all.get("dead-letter-reason"));
                let reason = reason.and_then(|reason| reason.string_value()).unwrap_or_default();
                letters.push((message.body().unwrap_or_default().to_owned(), reason.to_owned()));
            }
        }
        letters
    }

    async fn receive(&self, queue_url: &str) -> Vec<Message> {
        let received = self
            .sqs
            .receive_message()
            .queue_url(queue_url)
            .max_number_of_messages(BATCH_LEN_MAX)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .wait_time_seconds(1)
            .send()
            .await;
        received.expect("the queue answers").messages.unwrap_or_default()
    }
}

async fn create_queue(
    sqs: &aws_sdk_sqs::Client,
    name: &str,
    attributes: &[(QueueAttributeName, String)],
) -> String {
    let attributes = attributes.iter().cloned().collect();
    let created = sqs.create_queue().queue_name(name).set_attributes(Some(attributes)).send().await;
    created.expect("a queue").queue_url().expect("a url").to_owned()
}

async fn arn(sqs: &aws_sdk_sqs::Client, queue_url: &str) -> String {
    let name = QueueAttributeName::QueueArn;
    let attributes = sqs.get_queue_attributes().queue_url(queue_url).attribute_names(name.clone());
    let attributes = attributes.send().await.expect("attributes").attributes.unwrap_or_default();
    attributes[&name].clone()
}

fn record(message: &Message, queue: &str) -> Value {
    let attributes = message.attributes().into_iter().flatten();
    let attributes: Map<_, _> =
        attributes.map(|(name, value)| (name.as_str().to_owned(), json!(value))).collect();
    let message_attributes = message.message_attributes().into_iter().flatten();
    let message_attributes: Map<_, _> = message_attributes
        .map(|(name, value)| {
            let value = json!({ "stringValue": value.string_value(), "dataType": "String" });
            (name.clone(), value)
        })
        .collect();
    json!({
        "messageId": message.message_id(),
        "receiptHandle": message.receipt_handle(),
        "body": message.body(),
        "attributes": attributes,
        "messageAttributes": message_attributes,
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{queue}"),
    })
}
