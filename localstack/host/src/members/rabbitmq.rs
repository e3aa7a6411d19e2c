//! Asking on RabbitMQ: a queue of the client's own for the answers, gone when it is.

use std::time::Duration;

use futures_util::StreamExt;
use marquee_lambda::Error;
use marquee_members::topology::MEMBERS_EXCHANGE;
use marquee_messaging::backends::rabbitmq::{
    Endpoint, RabbitMq,
    lapin::{
        BasicProperties, Channel, Confirmation, Connection, Consumer,
        options::{
            BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
        },
        types::{FieldTable, ShortString},
    },
};
use serde_json::Value;
use uuid::Uuid;

use super::{MembersRequest, within};

#[derive(Debug)]
pub struct MembersClient {
    channel: Channel,
    answers: Consumer,
    reply_to: String,
    _connection: Connection,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub correlation_id: String,
    /// The same of every copy.
    pub id: String,
    pub body: Value,
}

impl MembersClient {
    pub async fn open(amqp_url: &str) -> Result<Self, Error> {
        let connection = RabbitMq::new(Endpoint::parse(amqp_url)?, marquee_contexts::topology())
            .connect()
            .await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let own = QueueDeclareOptions {
            exclusive: true,
            auto_delete: true,
            ..QueueDeclareOptions::default()
        };
        let queue = channel.queue_declare("".into(), own, FieldTable::default()).await?;
        let reply_to = queue.name().to_string();
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let consuming = channel.basic_consume(
            reply_to.as_str().into(),
            "".into(),
            options,
            FieldTable::default(),
        );
        Ok(Self { answers: consuming.await?, channel, reply_to, _connection: connection })
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
                // Another one is to a question whose asker did not wait.
                let answer = self.answer().await?;
                if answer.correlation_id == asked {
                    return Ok(answer.body);
                }
            }
        };
        within(timeout, asking).await
    }

    /// Asks, and says by which `correlation_id` the answer will be known.
    pub async fn send(&self, request: &MembersRequest) -> Result<String, Error> {
        let (_, _, routing_key) = request.parts();
        let correlation_id = Uuid::new_v4().to_string();
        let properties = BasicProperties::default()
            .with_reply_to(self.reply_to.as_str().into())
            .with_correlation_id(correlation_id.as_str().into())
            .with_delivery_mode(2)
            .with_content_type("application/json".into());
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let (exchange, key) = (MEMBERS_EXCHANGE.into(), routing_key.into());
        let body = request.body().to_string();
        let sending =
            self.channel.basic_publish(exchange, key, options, body.as_bytes(), properties);
        match sending.await?.await? {
            Confirmation::Ack(None) => Ok(correlation_id),
            _ => Err("the broker did not take the request: is the topology declared?".into()),
        }
    }

    /// The next answer to any question of this client.
    pub async fn answer(&mut self) -> Result<Answer, Error> {
        let answer = self.answers.next().await.ok_or("the broker ended the connection")??;
        let text = |property: &Option<ShortString>| {
            property.as_ref().map(ToString::to_string).unwrap_or_default()
        };
        Ok(Answer {
            correlation_id: text(answer.properties.correlation_id()),
            id: text(answer.properties.message_id()),
            body: serde_json::from_slice(&answer.data)?,
        })
    }
}
