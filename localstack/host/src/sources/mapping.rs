//! Event source mappings that can be disabled and enabled, as AWS allows: a queue then keeps what
//! comes until its consumer is back.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::watch;

use super::Stop;

/// One for each queue, enabled at first.
#[derive(Clone, Debug)]
pub struct Mappings(Arc<BTreeMap<&'static str, Mapping>>);

#[derive(Debug)]
struct Mapping {
    enabled: watch::Sender<bool>,
    polling: watch::Sender<bool>,
}

impl Mappings {
    pub fn new(queues: impl IntoIterator<Item = &'static str>) -> Self {
        let enabled =
            || Mapping { enabled: watch::Sender::new(true), polling: watch::Sender::new(false) };
        Self(Arc::new(queues.into_iter().map(|queue| (queue, enabled())).collect()))
    }

    /// `None` if there is no such queue.
    pub fn is_enabled(&self, queue: &str) -> Option<bool> {
        Some(*self.0.get(queue)?.enabled.borrow())
    }

    /// Once a mapping is disabled, nobody polls any more, and the batch in hand, if there was one,
    /// is settled. `None` if there is no such queue.
    pub async fn set_enabled(&self, queue: &str, enabled: bool) -> Option<()> {
        let mapping = self.0.get(queue)?;
        mapping.enabled.send_replace(enabled);
        if !enabled {
            let _ = mapping.polling.subscribe().wait_for(|polling| !*polling).await;
        }
        Some(())
    }

    /// Polls while the queue's mapping is enabled, until all is to stop.
    pub async fn run<F: Future<Output = ()>>(
        &self,
        queue: &str,
        mut stop: Stop,
        poll: impl Fn(Stop) -> F,
    ) {
        let Some(mapping) = self.0.get(queue) else { return };
        let mut enabled = mapping.enabled.subscribe();
        loop {
            tokio::select! {
                changed = enabled.wait_for(|enabled| *enabled) => if changed.is_err() { return },
                () = stop.requested() => return,
            }
            mapping.polling.send_replace(true);
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
            mapping.polling.send_replace(false);
            if stop_all {
                return;
            }
        }
    }
}
