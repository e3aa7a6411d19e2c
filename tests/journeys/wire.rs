//! A client of the broker that knows nothing of us: it publishes by hand, with a body and nothing
//! beside it, and looks into dead letters.

use aws_config::BehaviorVersion;
use aws_sdk_sns::types::MessageAttributeValue;
use marquee_testkit::rabbitmq::PlainClient;
use reqwest::Method;
use serde_json::Value;

use crate::harness::{Marquee, eventually};

pub(crate) enum Wire<'a> {
    Memory(&'a Marquee),
    RabbitMq(Box<PlainClient>),
    Deployed { sns: aws_sdk_sns::Client, sqs: aws_sdk_sqs::Client, prefix: String },
}

impl Wire<'_> {
    pub(crate) async fn deployed(prefix: String) -> Self {
        let shared = aws_config::load_defaults(BehaviorVersion::latest()).await;
        Self::Deployed {
            sns: aws_sdk_sns::Client::new(&shared),
            sqs: aws_sdk_sqs::Client::new(&shared),
            prefix,
        }
    }

    pub(crate) async fn publish(&self, exchange: &str, routing_key: &str, body: &str) {
        match self {
            Self::Memory(marquee) => {
                let path = format!("/_host/exchanges/{exchange}/{routing_key}");
                let reply = marquee.send(Method::POST, &path, &[], Some(body.to_owned())).await;
                assert_eq!(reply.status, 202);
            }
            Self::RabbitMq(client) => client.publish(exchange, routing_key, body.as_bytes()).await,
            Self::Deployed { sns, prefix, .. } => {
                let name = format!(":{prefix}{exchange}");
                let topics = sns.list_topics().into_paginator().items().send();
                let topics = topics.collect::<Result<Vec<_>, _>>().await.expect("topics");
                let mut arns = topics.iter().filter_map(|topic| topic.topic_arn());
                let topic = arns.find(|arn| arn.ends_with(&name)).expect("the exchange's topic");
                let key = MessageAttributeValue::builder().data_type("String");
                let key = key.string_value(routing_key).build().expect("an attribute");
                let request = sns.publish().topic_arn(topic).message(body);
                request.message_attributes("routing_key", key).send().await.expect("published");
            }
        }
    }

    /// Waits for the dead letter of `queue` that has this body, and gives its reason.
    pub(crate) async fn dead_letter(&self, queue: &str, body: &str) -> String {
        let mut reason = None;
        let came = eventually(async || {
            reason = self.look_for(queue, body).await;
            reason.is_some()
        });
        assert!(came.await, "no dead letter {body}");
        reason.expect("a reason")
    }

    /// Waits for an answer with this text in the queue for those that name none.
    pub(crate) async fn reply(&self, text: &str) -> String {
        let mut reply = None;
        let came = eventually(async || {
            reply = self.replies().await.into_iter().find(|reply| reply.contains(text));
            reply.is_some()
        });
        assert!(came.await, "no answer with {text}");
        reply.expect("an answer")
    }

    /// Some of those that are there.
    async fn replies(&self) -> Vec<String> {
        const QUEUE: &str = "member_replies";
        match self {
            Self::Memory(marquee) => {
                let replies = marquee.get(&format!("/_host/queues/{QUEUE}/replies")).await;
                let replies = replies.expect(200);
                let replies = replies.as_array().into_iter().flatten();
                replies.filter_map(|reply| reply["body"].as_str().map(str::to_owned)).collect()
            }
            Self::RabbitMq(client) => {
                let replies = client.look(QUEUE).await.into_iter();
                replies.map(|reply| String::from_utf8_lossy(&reply.data).into_owned()).collect()
            }
            Self::Deployed { sqs, prefix, .. } => {
                let url = sqs.get_queue_url().queue_name(format!("{prefix}{QUEUE}"));
                let url = url.send().await.expect("the queue").queue_url;
                let request = sqs.receive_message().set_queue_url(url).max_number_of_messages(10);
                let replies = request.visibility_timeout(1).send().await.expect("an answer");
                let replies = replies.messages.unwrap_or_default().into_iter();
                replies.filter_map(|reply| reply.body).collect()
            }
        }
    }

    async fn look_for(&self, queue: &str, body: &str) -> Option<String> {
        match self {
            Self::Memory(marquee) => {
                let letters = marquee.get(&format!("/_host/queues/{queue}/dead-letters")).await;
                let letters: Value = letters.expect(200);
                let letter = letters.as_array()?.iter().find(|letter| letter["body"] == body)?;
                letter["reason"].as_str().map(str::to_owned)
            }
            Self::RabbitMq(client) => {
                let letters = client.look(&format!("{queue}_dlq")).await;
                let letter = letters.iter().find(|letter| letter.data == body.as_bytes())?;
                let headers = letter.properties.headers().as_ref()?.inner();
                Some(headers.get("dead-letter-reason")?.as_long_string()?.to_string())
            }
            Self::Deployed { sqs, prefix, .. } => {
                let url = sqs.get_queue_url().queue_name(format!("{prefix}{queue}_dlq"));
                let url = url.send().await.expect("the queue").queue_url;
                let request = sqs.receive_message().set_queue_url(url);
                let request = request.message_attribute_names("All").max_number_of_messages(10);
                let letters = request.visibility_timeout(1).send().await.expect("an answer");
                let letters = letters.messages.unwrap_or_default();
                let letter = letters.iter().find(|letter| letter.body() == Some(body))?;
                let attributes = letter.message_attributes()?;
                attributes.get("dead-letter-reason")?.string_value().map(str::to_owned)
            }
        }
    }
}
