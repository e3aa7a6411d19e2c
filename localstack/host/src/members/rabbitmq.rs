//! Asking on RabbitMQ: a queue of the client's own for the answers, gone when it is.

use std::time::Duration;

use futures_util::StreamExt;
use marquee_lambda::Error;
use marquee_messaging::{
    backends::rabbitmq::{
        Endpoint, RabbitMq,
        lapin::{
            BasicProperties, Channel, Confirmation, Connection, Consumer,
            options::{
                BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
            },
            types::FieldTable,
        },
    },
    topology::MEMBERS_EXCHANGE,
};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::{MembersRequest, no_answer};

#[derive(Debug)]
pub struct MembersClient {
    channel: Channel,
    answers: Consumer,
    reply_to: String,
    _connection: Connection,
}

impl MembersClient {
    pub async fn open(amqp_url: &str) -> Result<Self, Error> {
        let connection = RabbitMq::new(Endpoint::parse(amqp_url)?).connect().await?;
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
        let deadline = Instant::now() + timeout;
        let asked = self.send(request).await?;
        loop {
            match timeout_at(deadline, self.answer()).await {
                Ok(answer) => match answer? {
                    (correlation_id, answer) if correlation_id == asked => return Ok(answer),
                    // To a question whose asker did not wait.
                    _ => {}
                },
                Err(_) => return Err(no_answer(timeout)),
            }
        }
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

    /// The next answer to any question of this client, with its `correlation_id`.
    pub async fn answer(&mut self) -> Result<(String, Value), Error> {
        let answer = self.answers.next().await.ok_or("the broker ended the connection")??;
        let correlation_id = answer.properties.correlation_id().as_ref();
        let correlation_id = correlation_id.map(ToString::to_string).unwrap_or_default();
        Ok((correlation_id, serde_json::from_slice(&answer.data)?))
    }
}
