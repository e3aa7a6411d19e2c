//! EventBridge Scheduler: a tick at a fixed rate. A job that takes longer than that delays the
//! next tick; it never runs beside itself here, though on AWS it may.

use std::{future::Future, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use super::Stop;

pub async fn every<F: Future<Output = ()>>(period: Duration, mut stop: Stop, job: impl Fn() -> F) {
    let mut ticks = interval(period.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => job().await,
            () = stop.requested() => return,
        }
    }
}
