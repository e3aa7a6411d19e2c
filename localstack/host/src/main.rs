//! `cargo run`: Marquee on this machine.

use std::process::ExitCode;

use clap::Parser;
use marquee_host::{
    Host, banner, members,
    settings::{Cli, Command},
};
use marquee_lambda::telemetry;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    telemetry::init_text();
    let done = match cli.command {
        Some(Command::Members(args)) => members::run(args).await,
        None => serve(cli).await.map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(cli: Cli) -> Result<(), marquee_lambda::Error> {
    let host = Host::start(cli.settings()?).await?;
    banner::print(host.address);
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    tracing::info!("stopping");
    host.stop().await;
    Ok(())
}
