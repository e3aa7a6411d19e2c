//! What can be set: where to listen and what to keep on the command line, limits and periods in
//! the environment. `docs/configuration.md` lists the latter.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Parser, Subcommand, ValueEnum};
use marquee_booking::store::holds::HoldPolicy;
use marquee_lambda::{Error, config, consumer::retry_from_env};
use marquee_messaging::topology::RetryPolicy;
use reservations_api::payments::MockMode;

use crate::members::MembersArgs;

/// Marquee on this machine: the whole system in one process.
#[derive(Debug, Parser)]
#[command(name = "marquee", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// Where to serve HTTP
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// What carries messages
    #[arg(long, value_enum, default_value_t = Broker::Memory)]
    broker: Broker,
    /// Where RabbitMQ is, for `--broker rabbitmq`
    #[arg(long, default_value = "amqp://guest:guest@127.0.0.1:5672")]
    amqp_url: String,
    /// Keep all data in this file instead of in memory
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Instead of serving: a client
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    Members(MembersArgs),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Broker {
    /// In this process
    Memory,
    /// A RabbitMQ server
    Rabbitmq,
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub listen: SocketAddr,
    /// Of the RabbitMQ to use; without one messages stay in this process.
    pub amqp_url: Option<String>,
    pub data: Option<PathBuf>,
    pub policy: HoldPolicy,
    /// How old a seat map may be.
    pub seat_map_max_age: Duration,
    pub payments: MockMode,
    /// The private key of ticket codes; made at the first start if missing.
    pub ticket_signing_key: Option<String>,
    pub expire_every: Duration,
    pub expire_limits: expire_reservations::Limits,
    pub stream_batching: Duration,
    /// Instead of each queue's own.
    pub retry: Option<RetryPolicy>,
}

impl Cli {
    pub fn settings(self) -> Result<Settings, Error> {
        let amqp_url = (self.broker == Broker::Rabbitmq).then_some(self.amqp_url);
        Ok(Settings { listen: self.listen, amqp_url, data: self.data, ..Settings::from_env()? })
    }
}

impl Settings {
    /// Any free port, nothing kept, the rest from the environment.
    pub fn from_env() -> Result<Self, Error> {
        Ok(Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            amqp_url: None,
            data: None,
            policy: reservations_api::policy_from_env()?,
            seat_map_max_age: sessions_api::seat_map_max_age_from_env()?,
            payments: MockMode::from_env()?,
            ticket_signing_key: config::optional("TICKET_SIGNING_KEY"),
            expire_every: config::seconds_or("EXPIRE_EVERY_SECONDS", Duration::from_secs(60))?,
            expire_limits: expire_reservations::Limits::from_env()?,
            stream_batching: config::seconds_or(
                "STREAM_BATCHING_SECONDS",
                Duration::from_millis(2),
            )?,
            retry: retry_from_env()?,
        })
    }
}
