//! Answering on SQS: ten in a request for each queue, and only to queues that are for answers.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_sdk_sqs::{
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextRef,
    },
    error::BoxError,
};
use marquee_messaging::{
    backends::sns_sqs::SqsQueues,
    message::{Message, Metadata},
    publisher::{PublishError, Replies, Reply},
};
use marquee_testkit::sqs::SqsStack;
use uuid::Uuid;

/// Counts what is sent.
#[derive(Clone, Debug, Default)]
struct Requests(Arc<AtomicUsize>);

impl Intercept for Requests {
    fn name(&self) -> &'static str {
        "requests"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

fn reply(to: &str, n: usize) -> Reply {
    let metadata = Metadata { correlation_id: Some(n.to_string()), ..Metadata::default() };
    Reply { to: to.to_owned(), message: Message { metadata, body: format!("{n}").into_bytes() } }
}

/// A queue for answers, by its name beside ours and by its URL.
async fn reply_queue(stack: &SqsStack) -> (String, String) {
    let name = format!("member_replies_{}", Uuid::new_v4().simple());
    let prefix = stack.queues().url_prefix;
    let of_names = prefix.rsplit('/').next().expect("a prefix");
    let created = stack.sqs.create_queue().queue_name(format!("{of_names}{name}")).send().await;
    (name, created.expect("a queue").queue_url().expect("a url").to_owned())
}

/// The `correlation_id` of each answer that is there.
async fn answers(stack: &SqsStack, url: &str) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let request = stack.sqs.receive_message().queue_url(url).message_attribute_names("All");
        let received = request.max_number_of_messages(10).send().await.expect("an answer");
        let messages = received.messages.unwrap_or_default();
        if messages.is_empty() {
            return ids;
        }
        let id = |message: aws_sdk_sqs::types::Message| {
            let attributes = message.message_attributes?;
            attributes.get("correlation_id")?.string_value.clone()
        };
        ids.extend(messages.into_iter().filter_map(id));
    }
}

#[tokio::test]
async fn each_answer_reaches_the_queue_that_asked_by_name_or_by_url() {
    let stack = SqsStack::create("member_messages", 30).await;
    let (by_name, by_name_url) = reply_queue(&stack).await;
    let (_, by_url) = reply_queue(&stack).await;
    let mut replies: Vec<_> = (0..25).map(|n| reply(&by_name, n)).collect();
    replies.extend((25..28).map(|n| reply(&by_url, n)));
    let requests = Requests::default();
    let config = stack.sqs.config().to_builder().interceptor(requests.clone());
    let client = aws_sdk_sqs::Client::from_conf(config.build());
    let queues = SqsQueues { client, ..stack.queues() };
    assert_eq!(queues.reply(&replies).await, vec![Ok(()); 28]);
    assert_eq!(requests.0.load(Ordering::SeqCst), 4, "three for 25, and one for three");
    let expected = |from: usize, to: usize| (from..to).map(|n| n.to_string());
    let first = answers(&stack, &by_name_url).await;
    assert_eq!(first.len(), 25, "none twice");
    assert_eq!(first.into_iter().collect::<BTreeSet<_>>(), expected(0, 25).collect());
    let second: BTreeSet<_> = answers(&stack, &by_url).await.into_iter().collect();
    assert_eq!(second, expected(25, 28).collect());
}

#[tokio::test]
async fn a_queue_that_is_gone_or_not_for_answers_is_told_and_keeps_no_other_answer_back() {
    let stack = SqsStack::create("member_messages", 30).await;
    let (name, url) = reply_queue(&stack).await;
    let replies = [
        reply("member_replies_gone", 0),
        reply(&name, 1),
        reply("member_messages", 2),
        reply(&stack.queue_url, 3),
    ];
    let results = stack.queues().reply(&replies).await;
    assert_eq!(results[1], Ok(()));
    for n in [0, 2, 3] {
        let unroutable = matches!(results[n], Err(PublishError::Unroutable { .. }));
        assert!(unroutable, "{n}: {:?}", results[n]);
    }
    assert_eq!(answers(&stack, &url).await, ["1"]);
    assert!(answers(&stack, &stack.queue_url).await.is_empty());
}
