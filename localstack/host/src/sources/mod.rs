//! What calls a function other than HTTP.

use tokio::sync::watch;

pub mod amazon_mq;
pub mod mapping;
pub mod queue;
pub mod schedule;
pub mod stream;

/// Says when to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    pub fn new(stopped: watch::Receiver<bool>) -> Self {
        Self(stopped)
    }

    /// Returns when stopping was asked for, or whoever could ask is gone.
    pub async fn requested(&mut self) {
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }

    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }
}
