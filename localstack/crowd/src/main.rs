//! `make crowd`.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use marquee_crowd::{
    api::Api,
    meter::{Kind, Meter},
    plan::Plan,
    plot,
    run::{self, Outcome},
    screen::Screen,
    verdict::findings,
};
use marquee_lambda::Error;

/// Sends a crowd through the waiting room of one session, and checks that it was fair.
#[derive(Debug, Parser)]
#[command(args_override_self = true)]
struct Cli {
    /// How many visitors come
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    visitors: u32,
    /// Seats of the session; a tenth of the visitors, and 2,000 at most, unless set
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=15_000))]
    seats: Option<u32>,
    /// How many come per second
    #[arg(long, default_value_t = 500.0, value_parser = positive)]
    rate: f64,
    /// Within how many seconds they come, instead of a rate; at least 10 unless set
    #[arg(long, value_parser = positive)]
    seconds: Option<f64>,
    /// How many seconds before the opening the first come; a tenth of the time unless set
    #[arg(long, value_parser = not_negative)]
    early: Option<f64>,
    /// Visitors inside at the same time; a quarter of the seats, from 10 to 1,000, unless set
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    capacity: Option<u32>,
    /// How long a visitor who was let in may take to reserve
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(5..=3_600))]
    place_seconds: u32,
    /// The share that gives up: in line, let in, and with seats on hold
    #[arg(long, default_value_t = 0.2, value_parser = share)]
    walk_away: f64,
    /// The share that connects to be told of their turn; the others ask
    #[arg(long, default_value_t = 0.05, value_parser = share)]
    connected: f64,
    /// The same seed makes the same visitors
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The system
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    url: String,
    /// The host's process, if it runs here: to say how much memory it took
    #[arg(long)]
    host_pid: Option<u32>,
    /// Where the picture goes
    #[arg(long, default_value = "target/crowd.svg")]
    plot: PathBuf,
}

fn number(text: &str, range: impl Fn(f64) -> bool, must: &str) -> Result<f64, String> {
    let number = text.parse().map_err(|_| format!("{text} is not a number"))?;
    if range(number) { Ok(number) } else { Err(format!("must be {must}")) }
}

fn positive(text: &str) -> Result<f64, String> {
    number(text, |number| (0.001..=1e6).contains(&number), "above 0")
}

fn not_negative(text: &str) -> Result<f64, String> {
    number(text, |number| (0.0..=1e6).contains(&number), "0 or more")
}

fn share(text: &str) -> Result<f64, String> {
    number(text, |number| (0.0..=1.0).contains(&number), "from 0 to 1")
}

impl Cli {
    fn plan(&self) -> Plan {
        let visitors = self.visitors;
        let seats = self.seats.unwrap_or((visitors / 10).clamp(1, 2_000)) as usize;
        let seconds = self.seconds.unwrap_or_else(|| (f64::from(visitors) / self.rate).max(10.0));
        Plan {
            visitors: visitors as usize,
            seats,
            arrivals: Duration::from_secs_f64(seconds),
            early: Duration::from_secs_f64(self.early.unwrap_or(seconds / 10.0)),
            capacity: self.capacity.unwrap_or_else(|| Plan::capacity_for(seats)),
            place_seconds: self.place_seconds,
            walk_away: self.walk_away,
            connected: self.connected,
            seed: self.seed,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut out = io::stdout();
    match crowd(Cli::parse(), &mut out).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(out, "verdict: none, the crowd broke off: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything that must be true is.
async fn crowd(cli: Cli, out: &mut impl Write) -> Result<bool, Error> {
    let (api, plan) = (Api::at(&cli.url), cli.plan());
    let mut screen = Screen::new(io::stderr());
    let outcome = tokio::select! {
        outcome = run::run(api.clone(), plan, &mut screen) => outcome?,
        _ = tokio::signal::ctrl_c() => return Err("interrupted".into()),
    };
    figures(&outcome, &api.meter, cli.host_pid, out);
    match std::fs::write(&cli.plot, plot::picture(&outcome.facts.plan, &outcome.samples)) {
        Ok(()) => drop(writeln!(out, "  picture   {}", cli.plot.display())),
        Err(error) => drop(writeln!(out, "  no picture in {}: {error}", cli.plot.display())),
    }
    let findings = findings(&outcome.facts);
    for finding in &findings {
        let mark = if finding.holds { "ok  " } else { "FAIL" };
        let _ = writeln!(out, "  {mark} {}", finding.text);
    }
    let passed = findings.iter().all(|finding| finding.holds);
    let _ = writeln!(out, "verdict: {}", if passed { "ok" } else { "FAILED" });
    Ok(passed)
}

/// Whatever of this cannot be written: a closed output is no reason to stop.
fn figures(outcome: &Outcome, meter: &Meter, host: Option<u32>, out: &mut impl Write) {
    let book = &outcome.facts.book;
    let rate = book.joined as f64 / outcome.arrivals.as_secs_f64().max(0.001);
    let _ = writeln!(
        out,
        "  it took   {:.0} s; {} joined within {:.1} s, {rate:.0} per second",
        outcome.took.as_secs_f64(),
        book.joined,
        outcome.arrivals.as_secs_f64(),
    );
    for (name, kind) in [
        ("joins", Kind::Join),
        ("polls", Kind::Poll),
        ("reserves", Kind::Reserve),
        ("confirms", Kind::Confirm),
    ] {
        let times = meter.times(kind);
        let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
        let _ = writeln!(
            out,
            "  {name:<9} {:>8}   p50 {:>8.1} ms   p95 {:>8.1} ms   p99 {:>8.1} ms",
            times.count,
            millis(times.p50),
            millis(times.p95),
            millis(times.p99),
        );
    }
    let _ = writeln!(
        out,
        "  let in    {}, and {} more looked when the place was over; {} got another number later",
        book.let_in, book.missed, book.moved
    );
    let pushes = meter.times(Kind::Push).count;
    let _ = writeln!(out, "  told      {pushes} of their turn over a connection");
    for (what, count) in meter.troubles() {
        let _ = writeln!(out, "  again     {count} times, {what}");
    }
    match host.map(memory_peak) {
        Some(Some(peak)) => {
            drop(writeln!(out, "  host      {} MB of memory at most", peak / 1_024))
        }
        _ => drop(writeln!(out, "  host      its memory cannot be read from here")),
    }
}

/// Of a process, in KB.
fn memory_peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
