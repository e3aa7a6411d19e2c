//! The command: many worlds, a line of progress, and what failed.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use clap::Parser;

use crate::{
    mix::Fault,
    plan::{Cuts, Plan},
    run,
    scenes::SceneName,
};

#[derive(Debug, Parser)]
#[command(name = "simulation")]
struct Cli {
    /// How many worlds
    #[arg(long, default_value_t = 1)]
    worlds: u64,
    /// The seed of the first; the others follow
    #[arg(long)]
    seed: Option<u64>,
    /// Worlds of this context only
    #[arg(long)]
    context: Option<SceneName>,
    /// Faults to leave out
    #[arg(long, value_delimiter = ',')]
    without: Vec<Fault>,
    /// At most so many clients
    #[arg(long)]
    clients: Option<usize>,
    /// Clients come for at most so long
    #[arg(long)]
    seconds: Option<u64>,
}

pub fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let cuts = Cuts {
        scene: cli.context,
        without: cli.without.iter().copied().collect(),
        clients: cli.clients,
        seconds: cli.seconds,
    };
    let first = cli.seed.unwrap_or(1);
    for n in 0..cli.worlds {
        let plan = Plan::new(first + n, &cuts);
        let began = std::time::Instant::now();
        let outcome = run::run(&plan, cli.worlds == 1);
        println!(
            "{plan}: {:016x} {} lines {:?} {:?} {:?}",
            outcome.digest,
            outcome.lines,
            began.elapsed(),
            outcome.work,
            outcome.violations
        );
        for line in outcome.text {
            println!("{line}");
        }
    }
    std::process::ExitCode::SUCCESS
}
