//! The steps.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use marquee_lambda::Error;
use uuid::Uuid;

use crate::{
    canteen::Canteen,
    screen::Screen,
    verdict::{Facts, findings},
};

const QUEUE: &str = "order_placed";
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Without anything changing for so long, it is not going to.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub orders: usize,
    pub clients: usize,
}

/// Whether everything that must be true is.
pub async fn run<W: Write + IsTerminal>(
    canteen: &Canteen,
    size: Size,
    screen: &mut Screen<W>,
) -> Result<bool, Error> {
    let mark = Uuid::new_v4().simple().to_string();
    let (item, student) = (format!("Drill-{}", &mark[..8]), format!("DRILL-{}", &mark[..8]));
    // So that some orders have to fail.
    let stock = size.orders - size.orders / 5;
    canteen.put_stock(&item, stock).await?;
    screen.line(&format!("{stock} {item} in stock, {} orders to come", size.orders));

    canteen.set_enabled(QUEUE, false).await?;
    screen.line("the inventory is down: nobody consumes order_placed");
    let outage = tokio::select! {
        outage = outage(canteen, &item, &student, size, screen) => outage,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    // Whatever happened: the host may be somebody's.
    canteen.set_enabled(QUEUE, true).await?;
    let accepted = outage?;
    screen.line("the inventory is up again");
    drain(canteen, &student, size.orders, screen).await?;

    let facts = Facts {
        stock,
        accepted,
        orders: canteen.orders_of(&student).await?,
        notifications: told(canteen, stock.min(size.orders), &student).await?,
        stock_after: canteen.stock(&item).await?,
    };
    let findings = findings(&facts);
    for finding in &findings {
        let mark = if finding.holds { "ok  " } else { "FAIL" };
        screen.line(&format!("  {mark} {}", finding.text));
    }
    let passed = findings.iter().all(|finding| finding.holds);
    screen.line(if passed { "verdict: nothing was lost" } else { "verdict: FAILED" });
    Ok(passed)
}

/// Places the orders, each accepted at once, and waits until all of them are in the queue.
async fn outage<W: Write + IsTerminal>(
    canteen: &Canteen,
    item: &str,
    student: &str,
    size: Size,
    screen: &mut Screen<W>,
) -> Result<Vec<String>, Error> {
    let before = canteen.backlog(QUEUE).await?;
    let mut accepted = Vec::new();
    let places = stream::iter(0..size.orders).map(|_| canteen.place(item, student));
    let mut placing = std::pin::pin!(places.buffer_unordered(size.clients));
    let mut looked = Instant::now();
    while let Some(order) = placing.next().await {
        accepted.push(order?);
        if looked.elapsed() > LOOK_EVERY || accepted.len() == size.orders {
            looked = Instant::now();
            screen.progress("accepted", accepted.len(), size.orders, "");
        }
    }
    let mut patience = Patience::new();
    loop {
        let waiting = canteen.backlog(QUEUE).await?.saturating_sub(before);
        screen.progress("backlog", waiting, size.orders, "");
        if waiting >= size.orders {
            return Ok(accepted);
        }
        patience.wait(waiting, "the backlog does not grow").await?;
    }
}

/// Waits until no order waits for the inventory.
async fn drain<W: Write + IsTerminal>(
    canteen: &Canteen,
    student: &str,
    orders: usize,
    screen: &mut Screen<W>,
) -> Result<(), Error> {
    let started = Instant::now();
    let mut patience = Patience::new();
    loop {
        let listed = canteen.orders_of(student).await?;
        let with = |status: &str| listed.iter().filter(|order| order["status"] == status).count();
        let (reserved, failed) = (with("RESERVED"), with("FAILED"));
        let backlog = canteen.backlog(QUEUE).await?;
        let rest = format!(", {reserved} reserved, {failed} failed, backlog {backlog}");
        screen.progress("drained", reserved + failed, orders, &rest);
        if reserved + failed >= orders {
            screen.line(&format!("drained in {:.1} s", started.elapsed().as_secs_f64()));
            return Ok(());
        }
        patience.wait(reserved + failed, "the queue does not drain").await?;
    }
}

/// All notifications, once there are as many of this student's as there have to be.
async fn told(
    canteen: &Canteen,
    expected: usize,
    student: &str,
) -> Result<Vec<serde_json::Value>, Error> {
    let mut patience = Patience::new();
    loop {
        let mut told = canteen.notifications().await?;
        told.retain(|notification| notification["student_id"] == student);
        // Too few is for the verdict to say.
        if told.len() >= expected || patience.wait(told.len(), "").await.is_err() {
            return Ok(told);
        }
    }
}

/// Ends a wait in which nothing changes any more.
struct Patience {
    seen: usize,
    since: Instant,
}

impl Patience {
    fn new() -> Self {
        Self { seen: 0, since: Instant::now() }
    }

    async fn wait(&mut self, seen: usize, otherwise: &str) -> Result<(), Error> {
        if seen != self.seen {
            *self = Self { seen, since: Instant::now() };
        }
        if self.since.elapsed() > PATIENCE {
            return Err(format!("{otherwise}: {seen} for {PATIENCE:?}").into());
        }
        tokio::time::sleep(LOOK_EVERY).await;
        Ok(())
    }
}
