//! One line that lives; lines, if there is no terminal to draw on.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

/// Without a terminal, a live line is written as one of its own, this often.
const PLAIN_EVERY: Duration = Duration::from_secs(5);
const BAR_LEN: usize = 24;

#[derive(Debug)]
pub struct Screen<W> {
    out: W,
    terminal: bool,
    live: bool,
    plain_since: Option<Instant>,
}

/// What the line shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    pub visitors: usize,
    pub arrived: usize,
    pub ended: usize,
    pub in_line: usize,
    pub inside: u32,
    pub capacity: u32,
    pub sold: usize,
    pub seats: usize,
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { visitors, arrived, ended, in_line, inside, capacity, sold, seats } = self;
        let filled = BAR_LEN * ended.min(visitors) / visitors.max(&1);
        let bar = format!("{}{}", "#".repeat(filled), "·".repeat(BAR_LEN - filled));
        write!(
            f,
            "[{bar}] {arrived} of {visitors} arrived, {in_line} in line, {inside} of {capacity} inside, \
             {sold} of {seats} seats sold"
        )
    }
}

impl<W: Write + IsTerminal> Screen<W> {
    pub fn new(out: W) -> Self {
        let terminal = out.is_terminal();
        Self { out, terminal, live: false, plain_since: None }
    }

    /// A line that stays. A closed output is no reason to stop.
    pub fn line(&mut self, text: &str) {
        self.end();
        let _ = writeln!(self.out, "{text}");
    }

    /// The live line, in place of the last one.
    pub fn progress(&mut self, progress: &Progress) {
        if self.terminal {
            let _ = write!(self.out, "\r\x1b[K{progress}");
            let _ = self.out.flush();
            self.live = true;
        } else if self.plain_since.is_none_or(|since| since.elapsed() > PLAIN_EVERY) {
            let _ = writeln!(self.out, "{progress}");
            self.plain_since = Some(Instant::now());
        }
    }

    /// Of the live line.
    pub fn end(&mut self) {
        self.plain_since = None;
        if std::mem::take(&mut self.live) {
            let _ = writeln!(self.out);
        }
    }
}
