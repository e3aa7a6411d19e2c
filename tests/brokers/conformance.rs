//! Both real brokers do what every backend has to do.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_sqs::types::MessageSystemAttributeName;
use marquee_messaging::{
    backends::rabbitmq::lapin::{message::BasicGetMessage, types::AMQPValue},
    message::{Message, Metadata, attribute},
};
use marquee_testkit::{
    conformance::{self, Backend, InHand, Mapping, QUEUE},
    rabbitmq::{PlainClient, VirtualHost},
    sqs::SqsStack,
};

const REPLIES: &str = "member_replies";

#[tokio::test]
async fn rabbitmq_conforms() {
    let host = VirtualHost::create().await;
    let rabbitmq = host.rabbitmq().await;
    conformance::results_are_per_message_and_in_order(&rabbitmq).await;
    conformance::oversized_payloads_are_refused_with_their_size(&rabbitmq).await;
    conformance::text_that_no_broker_carries_is_refused(&rabbitmq).await;
    conformance::an_empty_batch_has_no_results(&rabbitmq).await;
    conformance::dead_lettering_for_an_unknown_queue_is_an_error(&rabbitmq).await;

    let host = VirtualHost::create().await;
    let (rabbitmq, client) = (host.rabbitmq().await, host.client().await);
    let backend = Backend {
        publisher: &rabbitmq,
        dead_letters: &rabbitmq,
        retries: &rabbitmq,
        replies: &rabbitmq,
        mapping: &OnRabbitMq(client),
    };
    settles(&backend).await;
}

#[tokio::test]
async fn sns_and_sqs_conform() {
    let stack = SqsStack::create(QUEUE, 30).await;
    let (publisher, queues) = (stack.publisher(), stack.queues());
    conformance::results_are_per_message_and_in_order(&publisher).await;
    conformance::oversized_payloads_are_refused_with_their_size(&publisher).await;
    conformance::text_that_no_broker_carries_is_refused(&publisher).await;
    conformance::an_empty_batch_has_no_results(&publisher).await;
    conformance::dead_lettering_for_an_unknown_queue_is_an_error(&queues).await;

    let stack = SqsStack::create(QUEUE, 30).await;
    let replies = stack.sqs.create_queue().queue_name(name_beside(&stack, REPLIES));
    replies.send().await.expect("a queue");
    let (publisher, queues) = (stack.publisher(), stack.queues());
    let backend = Backend {
        publisher: &publisher,
        dead_letters: &queues,
        retries: &queues,
        replies: &queues,
        mapping: &OnSqs(&stack),
    };
    settles(&backend).await;
}

async fn settles(backend: &Backend<'_>) {
    conformance::a_message_that_failed_for_now_comes_again_after_its_delay(backend).await;
    conformance::a_dead_letter_keeps_what_it_was_and_has_the_reason(backend).await;
    conformance::replies_reach_their_queues_and_no_working_queue(backend, REPLIES).await;
}

/// What is taken is acknowledged at once: what is to come again has been published anew.
struct OnRabbitMq(PlainClient);

impl OnRabbitMq {
    async fn take(&self, queue: &str) -> (Message, BTreeMap<String, String>) {
        let BasicGetMessage { delivery, .. } = self.0.take(queue, 1).await.remove(0);
        let headers = delivery.properties.headers().clone().unwrap_or_default();
        let text = |value: &AMQPValue| match value {
            AMQPValue::LongString(text) => Some(text.to_string()),
            AMQPValue::LongLongInt(number) => Some(number.to_string()),
            _ => None,
        };
        let texts = headers.inner().iter();
        let texts = texts.filter_map(|(name, value)| Some((name.to_string(), text(value)?)));
        let texts: BTreeMap<_, _> = texts.collect();
        let mut metadata = Metadata::from_attributes(texts.clone());
        let correlation_id = delivery.properties.correlation_id().as_ref();
        metadata.correlation_id = correlation_id.map(ToString::to_string);
        (Message { metadata, body: delivery.data }, texts)
    }
}

#[async_trait]
impl Mapping for OnRabbitMq {
    async fn receive(&self) -> InHand {
        let (message, headers) = self.take(QUEUE).await;
        let tried = headers.get(attribute::ATTEMPTS).map_or(0, |n| n.parse().expect("a number"));
        InHand { message, attempt: tried + 1, receipt: String::new() }
    }

    async fn done(&self, _: InHand) {}

    async fn retried(&self, _: InHand) {}

    async fn dead_letter(&self) -> (Message, String) {
        let (message, mut headers) = self.take(&format!("{QUEUE}_dlq")).await;
        (message, headers.remove(attribute::REASON).unwrap_or_default())
    }

    async fn reply(&self, queue: &str) -> Message {
        self.take(queue).await.0
    }
}

struct OnSqs<'a>(&'a SqsStack);

/// What a queue is called beside those of a stack.
fn name_beside(stack: &SqsStack, queue: &str) -> String {
    let prefix = stack.queues().url_prefix;
    format!("{}{queue}", prefix.rsplit('/').next().expect("a prefix"))
}

impl OnSqs<'_> {
    /// Waits for a message: itself, its attributes, its count of receives, and its receipt.
    async fn take(&self, url: &str) -> (Message, BTreeMap<String, String>, u32, String) {
        loop {
            let request = self.0.sqs.receive_message().queue_url(url).max_number_of_messages(1);
            let request = request
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .message_attribute_names("All")
                .wait_time_seconds(1);
            let received = request.send().await.expect("the queue answers").messages;
            let Some(message) = received.unwrap_or_default().pop() else { continue };
            let attributes = message.message_attributes.unwrap_or_default().into_iter();
            let attributes: BTreeMap<_, _> =
                attributes.filter_map(|(name, value)| Some((name, value.string_value?))).collect();
            let count = &message.attributes.unwrap_or_default()
                [&MessageSystemAttributeName::ApproximateReceiveCount];
            let count = count.parse().expect("a number");
            let metadata = Metadata::from_attributes(attributes.clone());
            let body = message.body.unwrap_or_default().into_bytes();
            let receipt = message.receipt_handle.unwrap_or_default();
            return (Message { metadata, body }, attributes, count, receipt);
        }
    }
}

#[async_trait]
impl Mapping for OnSqs<'_> {
    async fn receive(&self) -> InHand {
        let (message, _, attempt, receipt) = self.take(&self.0.queue_url).await;
        InHand { message, attempt, receipt }
    }

    async fn done(&self, in_hand: InHand) {
        let delete = self.0.sqs.delete_message().queue_url(&self.0.queue_url);
        delete.receipt_handle(in_hand.receipt).send().await.expect("deleted");
    }

    async fn retried(&self, _: InHand) {}

    async fn dead_letter(&self) -> (Message, String) {
        let (message, mut attributes, ..) = self.take(&self.0.dead_letter_queue_url).await;
        (message, attributes.remove(attribute::REASON).unwrap_or_default())
    }

    async fn reply(&self, queue: &str) -> Message {
        let url = format!("{}{queue}", self.0.queues().url_prefix);
        self.take(&url).await.0
    }
}
