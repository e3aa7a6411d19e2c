//! Sending a batch: all at once first, then what is left one by one.

use std::time::Duration;

use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ErrorKind,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    protocol::{AMQPErrorKind, AMQPSoftError},
};
use tokio::time::{Instant, error::Elapsed, sleep, timeout_at};

use super::{RabbitMq, connection::BrokerError};
use crate::{message::Message, publisher::PublishError};

/// The first for all at once; the others sit out a broker that restarts its listener. All of them
/// together take no longer than as many confirms may.
const ROUNDS: u32 = 3;
const PAUSE_FIRST: Duration = Duration::from_millis(100);

pub(super) struct Parcel<'a> {
    pub(super) exchange: &'a str,
    pub(super) routing_key: &'a str,
    pub(super) body: &'a [u8],
    pub(super) properties: BasicProperties,
    /// Whether it comes back if no queue takes it.
    pub(super) mandatory: bool,
    /// Not to be sent at all.
    pub(super) refused: Option<PublishError>,
}

type Sent = Result<(), PublishError>;

impl RabbitMq {
    pub(super) async fn send_one(
        &self,
        exchange: &str,
        routing_key: &str,
        message: &Message,
        properties: BasicProperties,
    ) -> Sent {
        let body = &message.body;
        let parcel =
            Parcel { exchange, routing_key, body, properties, mandatory: true, refused: None };
        self.send(vec![parcel]).await.pop().unwrap_or_else(|| Err(unconfirmed("not sent".into())))
    }

    pub(super) async fn send(&self, parcels: Vec<Parcel<'_>>) -> Vec<Sent> {
        let unsent = || Err(unconfirmed("not sent".into()));
        let mut results: Vec<Sent> =
            parcels.iter().map(|parcel| parcel.refused.clone().map_or_else(unsent, Err)).collect();
        let give_up_at = Instant::now() + self.confirm_timeout * ROUNDS;
        for round in 0..ROUNDS {
            let left: Vec<_> = (0..parcels.len()).filter(|n| is_left(&results[*n])).collect();
            if left.is_empty() {
                break;
            }
            if round > 0 {
                sleep(PAUSE_FIRST * round).await;
            }
            // Only one that is alone on its channel can be told from the others for sure: see
            // `send_together`.
            let together = if round == 0 { left.len() } else { 1 };
            for group in left.chunks(together) {
                let parcels: Vec<_> = group.iter().map(|n| &parcels[*n]).collect();
                match timeout_at(give_up_at, self.send_together(&parcels)).await {
                    Ok(Ok(sent)) => group.iter().zip(sent).for_each(|(n, sent)| results[*n] = sent),
                    // With no connection for one, there is none for those behind it.
                    Ok(Err(error)) => {
                        let error = unconfirmed(error.to_string());
                        group.iter().for_each(|n| results[*n] = Err(error.clone()));
                        break;
                    }
                    Err(_) => {
                        let error = unconfirmed("no answer in time".into());
                        group.iter().for_each(|n| results[*n] = Err(error.clone()));
                        return results;
                    }
                }
            }
        }
        results
    }

    /// Sends over a channel of its own, which nobody else's mistake can close.
    ///
    /// What the broker returns, and why it closes a channel, is not tied to a message. So if
    /// anything comes back from a channel that several messages share, or some confirm does not
    /// come, none of them counts as confirmed.
    async fn send_together(&self, parcels: &[&Parcel<'_>]) -> Result<Vec<Sent>, BrokerError> {
        let connection = self.connector.connection().await?;
        let deadline = Instant::now() + self.confirm_timeout;
        let outcomes = match timeout_at(deadline, open(&connection)).await {
            Ok(Ok(channel)) => publish(&channel, parcels, deadline).await,
            Ok(Err(error)) => parcels.iter().map(|_| Publishing::Failed(error.clone())).collect(),
            Err(_) => parcels.iter().map(|_| Publishing::TimedOut).collect(),
        };
        let timed_out = outcomes.iter().any(|outcome| matches!(outcome, Publishing::TimedOut));
        if timed_out || !connection.status().connected() {
            self.connector.give_up(&connection).await;
        }
        let alone = parcels.len() == 1;
        let returned = outcomes.iter().any(|outcome| matches!(outcome, Publishing::Returned));
        // What came back for one that timed out may have been taken for another's.
        let doubtful = returned || timed_out;
        let sent = parcels.iter().zip(outcomes).map(|(parcel, outcome)| match outcome {
            Publishing::Kept if alone || !doubtful => Ok(()),
            Publishing::Kept => Err(unconfirmed("another in its batch was not".into())),
            Publishing::Returned if alone => Err(unroutable(parcel)),
            Publishing::Returned => Err(unconfirmed("it or another came back".into())),
            Publishing::Refused => Err(unconfirmed("the broker refused it".into())),
            Publishing::TimedOut => Err(unconfirmed("no confirm in time".into())),
            Publishing::Failed(error) if alone && no_such_exchange(&error) => {
                Err(unroutable(parcel))
            }
            Publishing::Failed(error) => Err(unconfirmed(error.to_string())),
        });
        Ok(sent.collect())
    }
}

/// What became of one message, as far as its confirm tells.
enum Publishing {
    Kept,
    Returned,
    Refused,
    TimedOut,
    Failed(lapin::Error),
}

async fn open(connection: &Connection) -> Result<Channel, lapin::Error> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

/// Hands all over before it waits for the first confirm.
async fn publish(channel: &Channel, parcels: &[&Parcel<'_>], deadline: Instant) -> Vec<Publishing> {
    let mut confirms = Vec::with_capacity(parcels.len());
    for parcel in parcels {
        let (exchange, key) = (parcel.exchange.into(), parcel.routing_key.into());
        let properties = parcel.properties.clone();
        let options =
            BasicPublishOptions { mandatory: parcel.mandatory, ..BasicPublishOptions::default() };
        let publish = channel.basic_publish(exchange, key, options, parcel.body, properties);
        confirms.push(timeout_at(deadline, publish).await);
    }
    let mut outcomes = Vec::with_capacity(parcels.len());
    for confirm in confirms {
        outcomes.push(match confirm {
            Ok(Ok(confirm)) => outcome(timeout_at(deadline, confirm).await),
            Ok(Err(error)) => Publishing::Failed(error),
            Err(_) => Publishing::TimedOut,
        });
    }
    outcomes
}

/// Only an acknowledgement with nothing returned means that a queue has the message.
fn outcome(confirmed: Result<Result<Confirmation, lapin::Error>, Elapsed>) -> Publishing {
    match confirmed {
        Ok(Ok(Confirmation::Ack(None))) => Publishing::Kept,
        Ok(Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)))) => Publishing::Returned,
        Ok(Ok(Confirmation::Nack(None) | Confirmation::NotRequested)) => Publishing::Refused,
        Ok(Err(error)) => Publishing::Failed(error),
        Err(_) => Publishing::TimedOut,
    }
}

fn is_left(result: &Sent) -> bool {
    result.as_ref().is_err_and(PublishError::is_transient)
}

fn no_such_exchange(error: &lapin::Error) -> bool {
    match error.kind() {
        ErrorKind::ProtocolError(error) => {
            *error.kind() == AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)
        }
        _ => false,
    }
}

fn unroutable(parcel: &Parcel<'_>) -> PublishError {
    PublishError::Unroutable {
        exchange: parcel.exchange.to_owned(),
        routing_key: parcel.routing_key.to_owned(),
    }
}

fn unconfirmed(why: String) -> PublishError {
    PublishError::Unconfirmed(why)
}
