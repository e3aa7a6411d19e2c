//! Lines that stay, and one that lives.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

/// Where there is no terminal to draw on, a live line is written as one of its own, this often.
const PLAIN_EVERY: Duration = Duration::from_secs(1);
const BAR_LEN: usize = 30;

#[derive(Debug)]
pub struct Screen<W> {
    out: W,
    terminal: bool,
    live: bool,
    plain_since: Option<Instant>,
}

impl<W: Write + IsTerminal> Screen<W> {
    pub fn new(out: W) -> Self {
        let terminal = out.is_terminal();
        Self { out, terminal, live: false, plain_since: None }
    }

    /// A line that stays. A closed output is no reason to stop.
    pub fn line(&mut self, text: &str) {
        self.end_live();
        let _ = writeln!(self.out, "{text}");
    }

    /// The live line, in place of the last one.
    pub fn progress(&mut self, step: &str, done: usize, all: usize, rest: &str) {
        let filled = BAR_LEN * done.min(all) / all.max(1);
        let bar = format!("{}{}", "#".repeat(filled), "·".repeat(BAR_LEN - filled));
        let text = format!("  {step:<9}[{bar}] {done:>5} of {all}{rest}");
        if self.terminal {
            let _ = write!(self.out, "\r\x1b[K{text}");
            let _ = self.out.flush();
            self.live = true;
        } else if done == all || self.plain_since.is_none_or(|since| since.elapsed() > PLAIN_EVERY)
        {
            let _ = writeln!(self.out, "{text}");
            self.plain_since = Some(Instant::now());
        }
    }

    fn end_live(&mut self) {
        self.plain_since = None;
        if std::mem::take(&mut self.live) {
            let _ = writeln!(self.out);
        }
    }
}
