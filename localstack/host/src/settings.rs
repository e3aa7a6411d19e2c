//! What can be set: where to listen and what to keep on the command line, limits and periods in
//! the environment. `docs/configuration.md` lists the latter.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Parser, Subcommand, ValueEnum};
use marquee_booking::store::holds::HoldPolicy;
use marquee_lambda::{Error, config, consumer::retry_from_env, payments::PaymentSettings};
use marquee_messaging::topology::RetryPolicy;

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
    /// Believe the tokens of this OpenID Connect issuer, and no header X-User-ID
    #[arg(long, value_name = "URL", requires = "oidc_audience")]
    oidc_issuer: Option<String>,
    /// What tokens must be made for
    #[arg(long, value_name = "NAME", requires = "oidc_issuer")]
    oidc_audience: Option<String>,
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

/// Whose tokens are believed.
#[derive(Clone, Debug)]
pub struct Oidc {
    pub issuer: String,
    pub audience: String,
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub listen: SocketAddr,
    /// Of the RabbitMQ to use; without one messages stay in this process.
    pub amqp_url: Option<String>,
    pub data: Option<PathBuf>,
    /// Whose tokens say who calls; without, the header `X-User-ID` does.
    pub oidc: Option<Oidc>,
    pub policy: HoldPolicy,
    /// How old a seat map may be.
    pub seat_map_max_age: Duration,
    pub payments: PaymentSettings,
    /// The private key of ticket codes; made at the first start if missing.
    pub ticket_signing_key: Option<String>,
    pub orders_per_minute_max: usize,
    pub expire_every: Duration,
    pub expire_limits: expire_reservations::Limits,
    pub settle_every: Duration,
    pub settle_limits: settle_payments::Limits,
    pub stream_batching: Duration,
    /// Instead of each queue's own.
    pub retry: Option<RetryPolicy>,
}

impl Cli {
    pub fn settings(self) -> Result<Settings, Error> {
        let amqp_url = (self.broker == Broker::Rabbitmq).then_some(self.amqp_url);
        let issuer = self.oidc_issuer.zip(self.oidc_audience);
        let oidc = issuer.map(|(issuer, audience)| Oidc { issuer, audience });
        let (listen, data) = (self.listen, self.data);
        Ok(Settings { listen, amqp_url, data, oidc, ..Settings::from_env()? })
    }
}

impl Settings {
    /// Any free port, nothing kept, the rest from the environment.
    pub fn from_env() -> Result<Self, Error> {
        Ok(Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            amqp_url: None,
            data: None,
            oidc: None,
            policy: reservations_api::policy_from_env()?,
            seat_map_max_age: sessions_api::seat_map_max_age_from_env()?,
            payments: PaymentSettings::from_variables()?,
            ticket_signing_key: config::optional("TICKET_SIGNING_KEY"),
            orders_per_minute_max: orders_api::orders_per_minute_max_from_env()?,
            expire_every: config::seconds_or("EXPIRE_EVERY_SECONDS", Duration::from_secs(60))?,
            expire_limits: expire_reservations::Limits::from_env()?,
            settle_every: config::seconds_or("SETTLE_EVERY_SECONDS", Duration::from_secs(60))?,
            settle_limits: settle_payments::Limits::from_env()?,
            stream_batching: config::seconds_or(
                "STREAM_BATCHING_SECONDS",
                Duration::from_millis(2),
            )?,
            retry: retry_from_env()?,
        })
    }
}
