//! Event source mappings that can be disabled and enabled, as AWS allows: a queue then keeps what
//! comes until its consumer is back.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::watch;

use super::Stop;

/// One for each queue, enabled at first.
#[derive(Clone, Debug)]
pub struct Mappings(Arc<BTreeMap<&'static str, watch::Sender<bool>>>);

impl Mappings {
    pub fn new(queues: impl IntoIterator<Item = &'static str>) -> Self {
        Self(Arc::new(queues.into_iter().map(|queue| (queue, watch::Sender::new(true))).collect()))
    }

    /// `None` if there is no such queue.
    pub fn is_enabled(&self, queue: &str) -> Option<bool> {
        Some(*self.0.get(queue)?.borrow())
    }

    /// Takes effect when the batch in hand, if there is one, is settled. `None` if there is no such
    /// queue.
    pub fn set_enabled(&self, queue: &str, enabled: bool) -> Option<()> {
        self.0.get(queue)?.send_replace(enabled);
        Some(())
    }

    /// Polls while the queue's mapping is enabled, until all is to stop.
    pub async fn run<F: Future<Output = ()>>(
        &self,
        queue: &str,
        mut stop: Stop,
        poll: impl Fn(Stop) -> F,
    ) {
        let Some(sender) = self.0.get(queue) else { return };
        let mut enabled = sender.subscribe();
        loop {
            tokio::select! {
                changed = enabled.wait_for(|enabled| *enabled) => if changed.is_err() { return },
                () = stop.requested() => return,
            }
            let (stopping, stopped) = watch::channel(false);
            let polling = poll(Stop::new(stopped));
            tokio::pin!(polling);
            let stop_all = tokio::select! {
                () = &mut polling => return,
                _ = enabled.wait_for(|enabled| !*enabled) => false,
                () = stop.requested() => true,
            };
            let _ = stopping.send(true);
            polling.await;
            if stop_all {
                return;
            }
        }
    }
}
