//! W3C trace context: what ties a request to every message and write that it causes.
//!
//! It travels as the header `traceparent`, in the outbox beside the event, and as a message
//! attribute. Within a function it belongs to the task: whatever is written while a request or a
//! message is handled, carries it without every signature on the way having to say so.

use std::{fmt, future::Future};

use uuid::Uuid;

/// `00-<32 hex digits of the trace>-<16 of the span>-<2 of flags>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    flags: u8,
}

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// The length of [`TraceContext::to_bytes`].
pub const BYTES: usize = 25;

impl TraceContext {
    /// A trace that begins here.
    pub fn begin() -> Self {
        Self { trace: Uuid::new_v4().as_u128(), span: random_span(), flags: 1 }
    }

    /// The same trace, one step on.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span: random_span(), ..self }
    }

    /// `None` for anything but a version 00 header with a trace and a span that are not zero.
    pub fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let mut hex = |len: usize| {
            let digits = |part: &&str| {
                part.len() == len
                    && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            };
            parts.next().filter(digits)
        };
        if hex(2)? != "00" {
            return None;
        }
        let trace = u128::from_str_radix(hex(32)?, 16).ok()?;
        let span = u64::from_str_radix(hex(16)?, 16).ok()?;
        let flags = u8::from_str_radix(hex(2)?, 16).ok()?;
        (trace != 0 && span != 0 && parts.next().is_none()).then_some(Self { trace, span, flags })
    }

    /// From what X-Ray hands to a function: `Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=1`.
    pub fn from_xray(header: &str) -> Option<Self> {
        let part = |name: &str| {
            header.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
        };
        let trace = part("Root")?.strip_prefix("1-")?.replace('-', "");
        let flags = if part("Sampled") == Some("1") { "01" } else { "00" };
        Self::parse(&format!("00-{trace}-{}-{flags}", part("Parent")?))
    }

    pub fn trace_id(self) -> String {
        format!("{:032x}", self.trace)
    }

    /// For storage, where each byte is paid for.
    pub fn to_bytes(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        bytes[..16].copy_from_slice(&self.trace.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.span.to_be_bytes());
        bytes[24] = self.flags;
        bytes
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; BYTES] = bytes.try_into().ok()?;
        Some(Self {
            trace: u128::from_be_bytes(bytes[..16].try_into().ok()?),
            span: u64::from_be_bytes(bytes[16..24].try_into().ok()?),
            flags: bytes[24],
        })
    }

    /// Runs `work` as part of this trace.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }
}

/// The trace that the running task is part of.
pub fn current() -> Option<TraceContext> {
    CURRENT.try_get().ok()
}

/// The upper half of a random UUID has a fixed nibble, so it is never zero.
fn random_span() -> u64 {
    Uuid::new_v4().as_u64_pair().0
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_reads_back_as_text_and_as_bytes() {
        let trace = TraceContext::parse(HEADER).expect("a trace");
        assert_eq!(trace.to_string(), HEADER);
        assert_eq!(TraceContext::from_bytes(&trace.to_bytes()), Some(trace));
        assert_eq!(trace.child().trace_id(), trace.trace_id());
        assert_ne!(trace.child(), trace);
        let begun = TraceContext::begin();
        assert_eq!(TraceContext::parse(&begun.to_string()), Some(begun));
    }

    #[test]
    fn what_is_no_traceparent_is_refused() {
        for header in [
            "",
            "00",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(TraceContext::parse(header), None, "{header}");
        }
    }

    #[test]
    fn x_rays_header_names_the_same_trace() {
        let xray = "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1";
        assert_eq!(TraceContext::from_xray(xray), TraceContext::parse(HEADER));
        assert_eq!(TraceContext::from_xray("Root=1-5759e988-bd862e3fe1be46a994272793"), None);
    }

    #[tokio::test]
    async fn the_trace_belongs_to_the_task() {
        let trace = TraceContext::begin();
        assert_eq!(trace.scope(async { current() }).await, Some(trace));
        assert_eq!(current(), None);
    }
}
