//! `make drill-ordering`.

use std::{io, process::ExitCode};

use clap::{Parser, ValueEnum};
use drill_ordering::{canteen::Canteen, drill, screen::Screen};
use marquee_host::{Host, settings::Settings};
use marquee_lambda::Error;

/// Stops the inventory, places orders, starts it again, and checks that nothing was lost.
#[derive(Debug, Parser)]
struct Cli {
    /// How many orders to place
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    orders: u32,
    /// How many clients place them at once
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    clients: u32,
    /// What carries messages, on a host of the drill's own
    #[arg(long, value_enum, default_value_t = Broker::Memory)]
    broker: Broker,
    /// Where RabbitMQ is, for `--broker rabbitmq`
    #[arg(long, default_value = "amqp://guest:guest@127.0.0.1:5672")]
    amqp_url: String,
    /// A host that runs already, instead of one of the drill's own
    #[arg(long, conflicts_with_all = ["broker", "amqp_url"])]
    url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Broker {
    Memory,
    Rabbitmq,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut screen = Screen::new(io::stdout());
    match run(cli, &mut screen).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            screen.line(&format!("the drill broke off: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Whether everything that must be true is.
async fn run(cli: Cli, screen: &mut Screen<io::Stdout>) -> Result<bool, Error> {
    let size = drill::Size { orders: cli.orders as usize, clients: cli.clients as usize };
    if let Some(url) = cli.url {
        return drill::run(&Canteen::at(url), size, screen).await;
    }
    let amqp_url = (cli.broker == Broker::Rabbitmq).then_some(cli.amqp_url);
    let broker = amqp_url.as_deref().map_or("the in-process broker", |_| "RabbitMQ");
    let host = Host::start(Settings { amqp_url, ..Settings::from_env()? }).await?;
    screen.line(&format!("a host of the drill's own on {}, with {broker}", host.address));
    let passed = drill::run(&Canteen::at(format!("http://{}", host.address)), size, screen).await;
    host.stop().await;
    passed
}
