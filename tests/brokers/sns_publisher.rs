//! Publishing to SNS, per-entry failures included.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_sdk_sns::config::SharedHttpClient;
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use base64::{Engine, prelude::BASE64_STANDARD};
use marquee_messaging::{
    backends::sns_sqs::SnsPublisher,
    message::Message,
    publisher::{DeadLetters, Outgoing, PublishError, Publisher},
};
use marquee_testkit::{
    conformance::{QUEUE, routed},
    sqs::{SqsStack, sns_config},
};

#[tokio::test]
async fn entries_that_failed_and_no_others_are_sent_again() {
    let stack = SqsStack::create(QUEUE, 30).await;
    // Of the first request; and one of them again.
    let faulty = Faulty::new(vec![BTreeSet::from([2, 5, 9]), BTreeSet::from([0])]);
    let results = publish_through(&stack, &faulty, 10).await;
    assert_eq!(results, vec![Ok(()); 10]);
    assert_eq!(*faulty.sizes(), [10, 3, 1]);
    assert_eq!(received(&stack, 10).await.len(), 10, "each once");
}

#[tokio::test]
async fn an_entry_that_fails_every_time_is_an_error_of_its_own() {
    let stack = SqsStack::create(QUEUE, 30).await;
    let always = vec![BTreeSet::from([3]); 1].into_iter();
    let faulty = Faulty::new(always.chain(vec![BTreeSet::from([0]); 20]).collect());
    let results = publish_through(&stack, &faulty, 10).await;
    for (n, result) in results.iter().enumerate() {
        match n {
            3 => assert!(matches!(result, Err(PublishError::Unconfirmed(_))), "{result:?}"),
            _ => assert_eq!(*result, Ok(())),
        }
    }
}

/// What SNS finds wrong with a message and we do not know of: it refuses the request and says not for
/// which entry.
#[tokio::test]
async fn a_request_that_is_refused_as_a_whole_is_split_until_the_culprit_is_alone() {
    let stack = SqsStack::create(QUEUE, 30).await;
    let faulty = Faulty::new(Vec::new()).refusing("culprit");
    let mut batch: Vec<_> = (0..10).map(|n| routed(&n.to_string())).collect();
    batch[3] = routed("culprit");
    let results = publisher(&stack, &faulty).publish(&batch).await;
    for (n, result) in results.iter().enumerate() {
        match n {
            3 => assert!(matches!(result, Err(PublishError::Refused(_))), "{result:?}"),
            _ => assert_eq!(*result, Ok(()), "{n}"),
        }
    }
    assert!(faulty.sizes().len() <= 9, "by halves, and not again: {:?}", faulty.sizes());
    assert_eq!(received(&stack, 9).await.len(), 9, "each once");
}

#[tokio::test]
async fn an_entry_that_fails_by_its_senders_fault_is_not_sent_again() {
    let stack = SqsStack::create(QUEUE, 30).await;
    let faulty = Faulty::new(vec![BTreeSet::from([4])]).blaming_the_sender();
    let results = publish_through(&stack, &faulty, 10).await;
    assert!(matches!(results[4], Err(PublishError::Refused(_))), "{:?}", results[4]);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 9);
    assert_eq!(*faulty.sizes(), [10], "nothing is sent again");
}

/// An event that no broker carries is not lost: it waits, encoded, where dead letters do, and is read
/// as it was when it is put back.
#[tokio::test]
async fn a_dead_letter_that_sqs_would_refuse_is_dead_lettered_encoded_and_read_back_as_it_was() {
    let stack = SqsStack::create(QUEUE, 30).await;
    for body in [&b"x\xef\xbf\xbf"[..], b"\xff\xfe"] {
        let message = Message { body: body.to_vec(), ..Message::default() };
        let reason = "no text\u{ffff}\u{1}";
        stack.queues().dead_letter(QUEUE, &message, reason).await.expect("dead-lettered");
        let (dead_lettered, reason) = stack.dead_letters(1).await.remove(0);
        assert_eq!(BASE64_STANDARD.decode(&dead_lettered).expect("base64"), body);
        assert_eq!(reason, "no text  ");
    }
}

#[tokio::test]
async fn a_batch_goes_out_ten_at_a_time_and_never_larger_than_sns_takes() {
    let stack = SqsStack::create(QUEUE, 30).await;
    let faulty = Faulty::new(Vec::new());
    let results = publish_through(&stack, &faulty, 25).await;
    assert_eq!(results, vec![Ok(()); 25]);
    let sizes: Vec<_> = sorted(faulty.sizes());
    assert_eq!(sizes, [5, 10, 10]);

    let faulty = Faulty::new(Vec::new());
    let large = "x".repeat(100 * 1024);
    let batch: Vec<Outgoing> = (0..5).map(|_| routed(&large)).collect();
    assert_eq!(publisher(&stack, &faulty).publish(&batch).await, vec![Ok(()); 5]);
    assert_eq!(sorted(faulty.sizes()), [1, 2, 2]);
}

fn sorted(mut sizes: Vec<usize>) -> Vec<usize> {
    sizes.sort_unstable();
    sizes
}

pub(crate) fn publisher(stack: &SqsStack, faulty: &Faulty) -> SnsPublisher {
    let config = sns_config().http_client(faulty.clone()).build();
    SnsPublisher { client: aws_sdk_sns::Client::from_conf(config), ..stack.publisher() }
}

async fn publish_through(
    stack: &SqsStack,
    faulty: &Faulty,
    count: usize,
) -> Vec<Result<(), PublishError>> {
    let batch: Vec<_> = (0..count).map(|n| routed(&n.to_string())).collect();
    publisher(stack, faulty).publish(&batch).await
}

/// Bodies in the queue, each as often as it is there.
pub(crate) async fn received(stack: &SqsStack, at_least: usize) -> Vec<String> {
    let mut bodies = Vec::new();
    let mut quiet = 0;
    while quiet < 2 {
        let request = stack.sqs.receive_message().queue_url(&stack.queue_url);
        let batch = request.max_number_of_messages(10).wait_time_seconds(1).send().await;
        let batch = batch.expect("the queue answers").messages.unwrap_or_default();
        quiet = if batch.is_empty() { quiet + 1 } else { 0 };
        bodies.extend(batch.into_iter().filter_map(|message| message.body));
    }
    assert!(bodies.len() >= at_least, "{bodies:?}");
    bodies
}

/// A connection on which SNS fails some entries: the n-th request loses those of the n-th set, by
/// their places in the request, and the answer says so as SNS would.
#[derive(Clone, Debug)]
pub(crate) struct Faulty {
    inner: SharedHttpClient,
    failing: Arc<Vec<BTreeSet<usize>>>,
    count: Arc<AtomicUsize>,
    sizes: Arc<std::sync::Mutex<Vec<usize>>>,
    refused: Option<&'static str>,
    sender_fault: bool,
}

impl Faulty {
    pub(crate) fn new(failing: Vec<BTreeSet<usize>>) -> Self {
        let inner = aws_smithy_http_client::Builder::new().build_http();
        let (count, sizes) = (Arc::default(), Arc::default());
        let failing = Arc::new(failing);
        Self { inner, failing, count, sizes, refused: None, sender_fault: false }
    }

    /// Any request in which this text is.
    fn refusing(mut self, text: &'static str) -> Self {
        self.refused = Some(text);
        self
    }

    fn blaming_the_sender(mut self) -> Self {
        self.sender_fault = true;
        self
    }

    /// How many entries each request had.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.sizes.lock().expect("not poisoned").clone()
    }
}

impl HttpClient for Faulty {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(FaultyConnector { inner, faulty: self.clone() })
    }
}

#[derive(Debug)]
struct FaultyConnector {
    inner: SharedHttpConnector,
    faulty: Faulty,
}

const ENTRY: &str = "PublishBatchRequestEntries.member.";

impl HttpConnector for FaultyConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().expect("in memory").to_vec();
        let form = String::from_utf8(body).expect("a form");
        let ids: Vec<String> = form.split('&').filter_map(entry_id).map(str::to_owned).collect();
        self.faulty.sizes.lock().expect("not poisoned").push(ids.len());
        if self.faulty.refused.is_some_and(|text| form.contains(text)) {
            return HttpConnectorFuture::ready(Ok(invalid_parameter()));
        }
        let nth = self.faulty.count.fetch_add(1, Ordering::SeqCst);
        let failing = self.faulty.failing.get(nth).cloned().unwrap_or_default();
        if failing.len() == ids.len() {
            return HttpConnectorFuture::ready(Ok(none_but(&self.failed(&ids, &failing))));
        }
        let form = without(&form, &failing);
        request.headers_mut().insert("content-length", form.len().to_string());
        *request.body_mut() = SdkBody::from(form);
        let sending = self.inner.call(request);
        let failed = self.failed(&ids, &failing);
        HttpConnectorFuture::new(async move { answer(sending.await?, &failed).await })
    }
}

impl FaultyConnector {
    fn failed(&self, ids: &[String], failing: &BTreeSet<usize>) -> String {
        let sender_fault = self.faulty.sender_fault;
        let failed = failing.iter().filter_map(|place| ids.get(*place)).map(|id| {
            format!(
                "<member><Id>{id}</Id><Code>InternalError</Code>\
                 <SenderFault>{sender_fault}</SenderFault></member>"
            )
        });
        failed.collect()
    }
}

/// SNS's answer to a request in which something is that it does not take.
fn invalid_parameter() -> HttpResponse {
    let body = "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error>\
                <Type>Sender</Type><Code>InvalidParameter</Code>\
                <Message>Invalid parameter: Message</Message></Error></ErrorResponse>";
    HttpResponse::new(400.try_into().expect("a status"), SdkBody::from(body))
}

/// SNS's answer when every entry failed.
fn none_but(failed: &str) -> HttpResponse {
    let body = format!(
        "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
         <PublishBatchResult><Successful></Successful><Failed>{failed}</Failed>\
         </PublishBatchResult></PublishBatchResponse>"
    );
    HttpResponse::new(200.try_into().expect("a status"), SdkBody::from(body))
}

fn entry_id(field: &str) -> Option<&str> {
    let (name, value) = field.split_once('=')?;
    (name.starts_with(ENTRY) && name.ends_with(".Id")).then_some(value)
}

/// The form without the entries at these places; those that stay are numbered anew.
fn without(form: &str, failing: &BTreeSet<usize>) -> String {
    let field = |field: &str| {
        let Some((number, rest)) = field.strip_prefix(ENTRY).and_then(|f| f.split_once('.')) else {
            return Some(field.to_owned());
        };
        let place = number.parse::<usize>().expect("a number") - 1;
        let before = failing.range(..place).count();
        let number = place + 1 - before;
        (!failing.contains(&place)).then(|| format!("{ENTRY}{number}.{rest}"))
    };
    form.split('&').filter_map(field).collect::<Vec<_>>().join("&")
}

async fn answer(response: HttpResponse, failed: &str) -> Result<HttpResponse, ConnectorError> {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = aws_smithy_types::byte_stream::ByteStream::new(response.into_body());
    let bytes = body.collect().await.map_err(|error| ConnectorError::io(error.into()))?;
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let mut answer = text.replace("<Failed/>", "<Failed></Failed>");
    answer = answer.replace("<Failed></Failed>", &format!("<Failed>{failed}</Failed>"));
    assert!(failed.is_empty() || answer.contains(failed), "{answer}");
    let mut response = HttpResponse::new(status, SdkBody::from(answer.clone()));
    *response.headers_mut() = headers;
    response.headers_mut().insert("content-length", answer.len().to_string());
    Ok(response)
}
