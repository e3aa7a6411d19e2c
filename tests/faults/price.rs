//! What steps cost by DynamoDB's own account, beside what they may.

use marquee_testkit::capacity::{CapacityMeter, Request, units};

/// A step, its price, and the most it may be.
pub(crate) struct Line {
    step: String,
    pub(crate) requests: Vec<Request>,
    read_max: f64,
    write_max: f64,
}

impl Line {
    /// Of all requests since the last line.
    pub(crate) fn new(step: &str, meter: &CapacityMeter, read_max: f64, write_max: f64) -> Self {
        Self { step: step.to_owned(), requests: meter.take(), read_max, write_max }
    }

    /// Of all requests of these lines.
    pub(crate) fn total(step: &str, lines: &[Self], read_max: f64, write_max: f64) -> Self {
        let requests = lines.iter().flat_map(|line| line.requests.clone()).collect();
        Self { step: step.to_owned(), requests, read_max, write_max }
    }

    /// How many requests, and what they read and wrote.
    pub(crate) fn sum(&self) -> (usize, f64, f64) {
        let (read, write) = units(&self.requests);
        (self.requests.len(), read, write)
    }
}

/// Prints the table and holds every line to its budget. Run with `--nocapture` to see it.
#[allow(clippy::print_stdout)]
pub(crate) fn settle(lines: &[Line]) {
    println!("\n{:<44} {:>8} {:>10} {:>10}", "step", "requests", "read", "write");
    for line in lines {
        let (read, write) = units(&line.requests);
        println!("{:<44} {:>8} {read:>10} {write:>10}", line.step, line.requests.len());
    }
    for line in lines {
        let (read, write) = units(&line.requests);
        assert!(read <= line.read_max, "{}: {read} read units, {:?}", line.step, line.requests);
        assert!(write <= line.write_max, "{}: {write} write units, {:?}", line.step, line.requests);
    }
}
