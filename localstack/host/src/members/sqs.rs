//! Asking on SQS: a queue of the client's own for the answers, deleted when it is done.

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    types::{MessageAttributeValue, QueueAttributeName},
};
use marquee_lambda::Error;
use marquee_members::topology::MEMBER_REPLIES;
use marquee_messaging::{
    message::attribute,
    topology::{self},
};
use serde_json::Value;
use uuid::Uuid;

use super::{MembersRequest, within};

const QUEUE: &str = "member_messages";
/// How long SQS may keep an answer's receiver waiting.
const WAIT_SECONDS: i32 = 1;

#[derive(Debug)]
pub struct MembersClient {
    client: Client,
    requests_url: String,
    replies_url: String,
    reply_to: String,
}

impl MembersClient {
    /// With the endpoint, region and credentials of the environment.
    pub async fn open(queue_url_prefix: &str) -> Result<Self, Error> {
        let shared = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        let client = Client::new(&shared);
        // By this name on-member-message may send to it.
        let reply_to = format!("{MEMBER_REPLIES}_{}", Uuid::new_v4().simple());
        let name_prefix = queue_url_prefix.rsplit('/').next().unwrap_or_default();
        let name = format!("{name_prefix}{reply_to}");
        let created = client.create_queue().queue_name(name);
        let kept = topology::REPLIES_KEPT_FOR.as_secs().to_string();
        let created = created.attributes(QueueAttributeName::MessageRetentionPeriod, kept);
        let created = created.send().await?;
        let replies_url = created.queue_url.ok_or("a queue without a URL")?;
        Ok(Self {
            client,
            requests_url: format!("{queue_url_prefix}{QUEUE}"),
            replies_url,
            reply_to,
        })
    }

    /// Asks and waits for the answer to this very question.
    pub async fn ask(
        &mut self,
        request: &MembersRequest,
        timeout: Duration,
    ) -> Result<Value, Error> {
        let asking = async {
            let asked = self.send(request).await?;
            loop {
                let answers = self.answers().await?.into_iter();
                let mut to_this = answers.filter(|(correlation_id, _)| *correlation_id == asked);
                if let Some((_, answer)) = to_this.next() {
                    return Ok(serde_json::from_str(&answer)?);
                }
            }
        };
        within(timeout, asking).await
    }

    /// Asks, and says by which `correlation_id` the answer will be known.
    async fn send(&self, request: &MembersRequest) -> Result<String, Error> {
        let correlation_id = Uuid::new_v4().to_string();
        let text = |value: &str| {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value);
            value.build()
        };
        let sending = self.client.send_message().queue_url(&self.requests_url);
        sending
            .message_body(request.body().to_string())
            .message_attributes(attribute::REPLY_TO, text(&self.reply_to)?)
            .message_attributes(attribute::CORRELATION_ID, text(&correlation_id)?)
            .send()
            .await?;
        Ok(correlation_id)
    }

    async fn answers(&self) -> Result<Vec<(String, String)>, Error> {
        let received = self
            .client
            .receive_message()
            .queue_url(&self.replies_url)
            .max_number_of_messages(10)
            .wait_time_seconds(WAIT_SECONDS)
            .message_attribute_names("All")
            .send()
            .await?;
        let mut answers = Vec::new();
        for message in received.messages.unwrap_or_default() {
            let id =
                message.message_attributes().and_then(|all| all.get(attribute::CORRELATION_ID));
            let id = id.and_then(|id| id.string_value()).unwrap_or_default().to_owned();
            answers.push((id, message.body().unwrap_or_default().to_owned()));
            let delete = self.client.delete_message().queue_url(&self.replies_url);
            delete.set_receipt_handle(message.receipt_handle).send().await?;
        }
        Ok(answers)
    }

    pub async fn close(self) -> Result<(), Error> {
        self.client.delete_queue().queue_url(self.replies_url).send().await?;
        Ok(())
    }
}
