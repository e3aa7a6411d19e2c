//! Publishing events again that never had their effect, for reconcilers.

use marquee_messaging::publisher::{Outgoing, Publisher};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Republished {
    pub published: usize,
    /// For a later run to find, if it looks there.
    pub failed: usize,
}

/// Publishes what was found missing, and says so in the log: each was lost once.
pub async fn republish(publisher: &dyn Publisher, missing: &[Outgoing]) -> Republished {
    let mut counts = Republished::default();
    if missing.is_empty() {
        return counts;
    }
    for (outgoing, result) in missing.iter().zip(publisher.publish(missing).await) {
        let event = outgoing.message.metadata.id.as_deref();
        let routing_key = outgoing.routing_key.as_str();
        match result {
            Ok(()) => {
                tracing::warn!(event, routing_key, "published an event that was missing");
                counts.published += 1;
            }
            Err(error) => {
                tracing::warn!(event, routing_key, %error, "a missing event was not published");
                counts.failed += 1;
            }
        }
    }
    counts
}
