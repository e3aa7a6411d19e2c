//! The command: runs worlds, shows how it goes, and tells of those that failed.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    io::{IsTerminal, Write},
    process::ExitCode,
    sync::Mutex,
    time::{Duration, Instant},
};

use clap::{Args, Parser};

use crate::{
    capacity, history,
    many::{Sum, Worlds},
    mix::Fault,
    plan::{Cuts, Plan},
    run::{run, shrink},
    scenes::SceneName,
    setting::Setting,
};

/// How many more worlds are run to make one that failed smaller.
const SHRINK_TRIES: usize = 60;
/// Where nobody watches, so often there is a line of progress.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// The whole system in simulated worlds, each of which follows from a seed. Exits with 1 if anything that
/// must hold did not.
#[derive(Debug, Parser)]
#[command(name = "simulation")]
struct Cli {
    /// How many worlds; a single one tells its history
    #[arg(long, default_value_t = 1)]
    worlds: u64,
    #[command(flatten)]
    which: Which,
    /// Tell all of a single world's history, not only what concerns the things that went wrong
    #[arg(long)]
    all: bool,
    /// Instead of running worlds: what one session can sell in a second
    #[arg(long)]
    throughput: bool,
    /// Do not make worlds that failed smaller
    #[arg(long)]
    no_shrinking: bool,
}

/// Which world, and what of it.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// The seed of the first world, from which those of the others follow; without, a new one
    #[arg(long)]
    pub seed: Option<u64>,
    /// Worlds of this context only: booking, ordering, members, shop, waiting-room
    #[arg(long)]
    context: Option<SceneName>,
    /// Faults to leave out, by their names
    #[arg(long, value_delimiter = ',')]
    without: Vec<Fault>,
    /// At most so many clients
    #[arg(long)]
    clients: Option<usize>,
    /// Clients come for at most so many seconds
    #[arg(long)]
    seconds: Option<u64>,
}

impl Which {
    pub fn cuts(&self) -> Cuts {
        Cuts {
            scene: self.context,
            without: self.without.iter().copied().collect(),
            clients: self.clients,
            seconds: self.seconds,
        }
    }
}

pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.throughput {
        throughput();
        return ExitCode::SUCCESS;
    }
    let cuts = cli.which.cuts();
    let seed = cli.which.seed.unwrap_or_else(new_seed);
    if cli.worlds == 1 {
        return one(&Plan::new(seed, &cuts), cli.all);
    }
    println!("seed: {seed}");
    let sum = with_progress(&Worlds { seed, count: cli.worlds, time: None, cuts });
    tell(&sum, !cli.no_shrinking);
    println!("violations: {}", sum.violations);
    println!("digest: {:016x}", sum.digest);
    ExitCode::from(u8::from(sum.violations > 0))
}

/// Another one each time.
pub fn new_seed() -> u64 {
    fastrand::u64(..) >> 24
}

/// A table in Markdown: which key gives out first, for so many refused holds for each booking.
fn throughput() {
    println!(
        "| refused holds for each booking | bookings a second | what gives out | units for each |"
    );
    println!("|---|---|---|---|");
    for refusals in [0, 1, 4] {
        let figures = capacity::model(refusals);
        for load in figures.loads.iter().take(3) {
            let capacity::Load { direction, of, key, units_per_booking, .. } = load;
            let (rate, direction) = (load.bookings_per_second, direction.name());
            println!(
                "| {refusals} | {rate:.0} | {direction}, `{of}` {key} | {units_per_booking:.2} |"
            );
        }
        let ((free, taken), (few, many)) = (figures.seat_map_units, figures.seat_maps_per_second());
        println!(
            "| {refusals} | seat maps: {few:.0} to {many:.0} | Read, the session's key | {free} to {taken} |"
        );
    }
}

/// A single world, and its history.
fn one(plan: &Plan, all: bool) -> ExitCode {
    let outcome = run(plan, true);
    let (scene, Setting { clients, lasts, mix, .. }) = (plan.scene, &plan.setting);
    println!("{scene}: {clients} clients in {} s", lasts.as_secs());
    for (fault, rate) in &mix.0 {
        println!("  {fault} {rate:.3}");
    }
    let lines = match all || outcome.violations.is_empty() {
        true => outcome.text.clone(),
        false => history::concerning(&outcome),
    };
    for line in lines {
        println!("{line}");
    }
    for violation in &outcome.violations {
        println!("violation: {violation}");
    }
    println!("violations: {}", outcome.violations.len());
    println!("digest: {:016x}", outcome.digest);
    ExitCode::from(u8::from(!outcome.violations.is_empty()))
}

/// On a terminal a bar, elsewhere a line now and then.
pub fn with_progress(worlds: &Worlds) -> Sum {
    let (began, terminal) = (Instant::now(), std::io::stderr().is_terminal());
    let told = Mutex::new(began);
    let tell = |sum: &Sum| {
        let Ok(mut last) = told.try_lock() else { return };
        let wait = if terminal { TELL_EVERY / 50 } else { TELL_EVERY };
        if last.elapsed() < wait && sum.worlds < worlds.count {
            return;
        }
        *last = Instant::now();
        let bar = bar(sum, worlds, began.elapsed());
        let end = if terminal && sum.worlds < worlds.count { "" } else { "\n" };
        let begin = if terminal { "\r\x1b[2K" } else { "" };
        let _ = write!(std::io::stderr(), "{begin}{bar}{end}");
    };
    worlds.run(tell)
}

fn bar(sum: &Sum, worlds: &Worlds, elapsed: Duration) -> String {
    const WIDTH: u64 = 30;
    let seconds = elapsed.as_secs_f64();
    let done = match worlds.time {
        Some(time) => (seconds / time.as_secs_f64()).min(1.0),
        None => sum.worlds as f64 / worlds.count.max(1) as f64,
    };
    let filled = (done * WIDTH as f64) as u64;
    let bar: String = (0..WIDTH).map(|n| if n < filled { '#' } else { ' ' }).collect();
    let rate = sum.worlds as f64 / seconds.max(0.001);
    let Sum { worlds: ran, violations, .. } = sum;
    format!("[{bar}] {ran} worlds, {rate:.1} a second, {violations} violations, {seconds:.0} s")
}

/// What was done, which faults met which handlers, and what failed.
pub fn tell(sum: &Sum, shrinking: bool) {
    println!("{} worlds, {} lines of history", sum.worlds, sum.lines);
    println!("done:");
    for (work, times) in &sum.work {
        println!("  {times:>9}  {work}");
    }
    println!("faults, and whom they met:");
    for (fault, handlers) in &sum.coverage {
        let total: u64 = handlers.values().sum();
        let mut met = BTreeMap::<_, u64>::new();
        for (name, times) in handlers {
            *met.entry(if is_client(name) { "clients" } else { name }).or_default() += times;
        }
        let mut met: Vec<_> = met.into_iter().collect();
        met.sort_by_key(|(name, times)| (Reverse(*times), *name));
        let handlers: Vec<_> = met.iter().map(|(name, times)| format!("{name} {times}")).collect();
        println!("  {total:>9}  {fault}: {}", handlers.join(", "));
    }
    for outcome in &sum.failed {
        let smallest = match shrinking {
            true => shrink(outcome.clone(), SHRINK_TRIES),
            false => outcome.clone(),
        };
        println!("FAILED: {}", smallest.violations.join("; "));
        println!("  again, with its history: make simulate WORLDS=1 ARGS=\"{}\"", smallest.plan);
    }
}

fn is_client(actor: &str) -> bool {
    actor.starts_with("client") || actor.starts_with("check")
}
