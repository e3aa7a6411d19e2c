//! Structured logs. A failure is logged once, where it is handled, as a sentence and fields, with
//! nothing that says who the user is.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// One JSON object a line, as CloudWatch wants it, with the fields of the request or message that
/// is being handled under `span`; and metrics among them.
pub fn init_json() {
    let logs = tracing_subscriber::fmt().json().flatten_event(true).with_span_list(false);
    // A second call, as in a test, finds the first one's subscriber in place.
    let _ = logs.with_env_filter(filter()).with_target(false).try_init();
    crate::metrics::ENABLED.store(true, std::sync::atomic::Ordering::Relaxed);
}

/// For people, on standard error; in colour if that is a terminal.
pub fn init_text() {
    let ansi = std::io::stderr().is_terminal();
    let logs = tracing_subscriber::fmt().compact().with_ansi(ansi).with_writer(std::io::stderr);
    let _ = logs.with_env_filter(filter()).try_init();
}

/// `RUST_LOG`, or what matters: the database in the host's process warns of every failed
/// condition, which here is an answer like any other.
fn filter() -> EnvFilter {
    let default = || EnvFilter::new("info,dynoxide=error");
    EnvFilter::try_from_default_env().unwrap_or_else(|_| default())
}
