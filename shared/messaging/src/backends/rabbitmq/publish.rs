//! Sending a batch: all at once first, then what is left one by one over new connections.

use std::{sync::Arc, time::Duration};

use lapin::{
    BasicProperties, Confirmation, ErrorKind, PublisherConfirm,
    options::BasicPublishOptions,
    protocol::{AMQPErrorKind, AMQPSoftError},
};
use tokio::time::{Instant, sleep, timeout_at};

use super::{RabbitMq, connection::Link};
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
        let parcel = Parcel { exchange, routing_key, body, properties, refused: None };
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
            // One that the broker answers by closing the channel takes the others down with it, so
            // after the first round each is on its own.
            let together = if round == 0 { left.len() } else { 1 };
            for group in left.chunks(together) {
                if Instant::now() >= give_up_at {
                    return results;
                }
                let parcels: Vec<_> = group.iter().map(|n| &parcels[*n]).collect();
                for (n, result) in group.iter().zip(self.send_together(&parcels).await) {
                    results[*n] = result;
                }
            }
        }
        results
    }

    async fn send_together(&self, parcels: &[&Parcel<'_>]) -> Vec<Sent> {
        let link = match self.connector.link().await {
            Ok(link) => link,
            Err(error) => {
                let error = unconfirmed(error.to_string());
                return parcels.iter().map(|_| Err(error.clone())).collect();
            }
        };
        let deadline = Instant::now() + self.confirm_timeout;
        let mut confirms = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            confirms.push(hand_over(&link, parcel, deadline).await);
        }
        let mut results = Vec::with_capacity(parcels.len());
        for (parcel, confirm) in parcels.iter().zip(confirms) {
            let confirmed = match confirm {
                Ok(confirm) => confirmed(confirm, deadline).await,
                Err(error) => Err(error),
            };
            let alone = parcels.len() == 1;
            results.push(confirmed.unwrap_or_else(|failure| Err(failure.of(parcel, alone))));
        }
        if results.iter().any(is_left) || !link.channel.status().connected() {
            self.connector.give_up(&link).await;
        }
        results
    }
}

fn is_left(result: &Sent) -> bool {
    result.as_ref().is_err_and(PublishError::is_transient)
}

/// What went wrong with the link, as far as one message is concerned.
enum Failure {
    TimedOut,
    Link(lapin::Error),
}

impl Failure {
    /// A closed channel says why to all who used it, so only one that was `alone` is to blame.
    fn of(&self, parcel: &Parcel<'_>, alone: bool) -> PublishError {
        match self {
            Self::TimedOut => unconfirmed("no confirm in time".into()),
            Self::Link(error) if alone && no_such_exchange(error) => unroutable(parcel),
            Self::Link(error) => unconfirmed(error.to_string()),
        }
    }
}

async fn hand_over(
    link: &Arc<Link>,
    parcel: &Parcel<'_>,
    deadline: Instant,
) -> Result<PublisherConfirm, Failure> {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let publish = link.channel.basic_publish(
        parcel.exchange.into(),
        parcel.routing_key.into(),
        options,
        parcel.body,
        parcel.properties.clone(),
    );
    timeout_at(deadline, publish).await.map_err(|_| Failure::TimedOut)?.map_err(Failure::Link)
}

/// Only an acknowledgement with nothing returned means that a queue has the message.
async fn confirmed(confirm: PublisherConfirm, deadline: Instant) -> Result<Sent, Failure> {
    let confirmation = timeout_at(deadline, confirm)
        .await
        .map_err(|_| Failure::TimedOut)?
        .map_err(Failure::Link)?;
    Ok(match confirmation {
        Confirmation::Ack(None) => Ok(()),
        Confirmation::Ack(Some(returned)) => Err(PublishError::Unroutable {
            exchange: returned.delivery.exchange.to_string(),
            routing_key: returned.delivery.routing_key.to_string(),
        }),
        Confirmation::Nack(_) => Err(unconfirmed("the broker refused it".into())),
        Confirmation::NotRequested => Err(unconfirmed("confirms are off".into())),
    })
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
