//! The steps.

use std::{
    io::{IsTerminal, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::{Error, clock::SystemClock};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    api::Api,
    board::{Board, Seats, Status},
    ledger::{Book, Ledger},
    plan::Plan,
    samples::Samples,
    screen::{Progress, Screen},
    stage,
    verdict::Facts,
    visitor::{Crowd, Look, Visitor},
};

const LOOK_EVERY: Duration = Duration::from_secs(1);
const MAP_EVERY: Duration = Duration::from_secs(2);
/// Without anything changing for so long, and a place's time, it is not going to.
const PATIENCE: Duration = Duration::from_secs(120);
/// In which events that are on their way arrive.
const SETTLE_MAX: Duration = Duration::from_secs(60);

/// What there is to say of it.
#[derive(Debug)]
pub struct Outcome {
    pub facts: Facts,
    pub samples: Samples,
    /// From the first visitor to the last, and until the last one knew how it ended.
    pub arrivals: Duration,
    pub took: Duration,
}

pub async fn run<W: Write + IsTerminal>(
    api: Api,
    mut plan: Plan,
    screen: &mut Screen<W>,
) -> Result<Outcome, Error> {
    let (session, opens_at) = stage::session(&api, &plan).await?;
    screen.line(&format!(
        "session {session}: {} seats, at most {} inside; {} visitors come within {:.0} s, \
         and the room opens after {:.0} s",
        plan.seats,
        plan.capacity,
        plan.visitors,
        plan.arrivals.as_secs_f64(),
        plan.early.as_secs_f64(),
    ));
    let board = Board::new(&session, plan.capacity);
    board.read_seats(&api).await?;
    board.read_status(&api).await?;
    let ledger = Ledger::new(plan.capacity);
    tokio::time::sleep(until(opens_at).saturating_sub(plan.early)).await;
    // Less than was planned, if it took long until now.
    plan.early = until(opens_at);
    let started = Instant::now();
    let crowd = Arc::new(Crowd { api, plan, session, board, ledger, opens_at, started });
    let coming = tokio::spawn(come(Arc::clone(&crowd)));
    let maps = tokio::spawn(show_seats(Arc::clone(&crowd)));
    let (samples, stuck) = watch(&crowd, screen).await;
    let took = started.elapsed();
    coming.abort();
    maps.abort();
    let arrivals = crowd.plan.arrival_times().last().copied().unwrap_or_default();
    let facts = settle(&crowd, &samples, stuck).await?;
    Ok(Outcome { facts, samples, arrivals, took })
}

fn until(then: Timestamp) -> Duration {
    let left = then.millis() - SystemClock.now().millis();
    Duration::from_millis(u64::try_from(left).unwrap_or_default())
}

/// Lets each visitor come at their own time, whatever has become of the others. Ends with them: whoever
/// aborts it sends all of them away.
async fn come(crowd: Arc<Crowd>) {
    let mut visitors = JoinSet::new();
    for (index, time) in crowd.plan.arrival_times().into_iter().enumerate() {
        let arrival = crowd.started + time;
        tokio::time::sleep_until(arrival.into()).await;
        visitors.spawn(Visitor::new(Arc::clone(&crowd), index).live(arrival));
        while visitors.try_join_next().is_some() {}
    }
    visitors.join_all().await;
}

/// Reads the seat map for all who are inside.
async fn show_seats(crowd: Arc<Crowd>) {
    loop {
        tokio::time::sleep(MAP_EVERY).await;
        if crowd.ledger.look(SystemClock.now(), Book::inside) > 0 {
            // It is in the figures. The map before it will do.
            let _ = crowd.board.read_seats(&crowd.api).await;
        }
    }
}

/// Until all know how it ended; or nothing happens any more, which is said.
async fn watch<W: Write + IsTerminal>(
    crowd: &Crowd,
    screen: &mut Screen<W>,
) -> (Samples, Option<String>) {
    let mut samples = Samples::of(crowd.plan.visitors);
    let mut changed = (Instant::now(), (0, 0, 0));
    let patience = PATIENCE + Duration::from_secs(crowd.plan.place_seconds.into());
    loop {
        let status = match crowd.board.read_status(&crowd.api).await {
            Ok(status) => status,
            Err(error) => return (samples, Some(format!("no status: {error}"))),
        };
        let book = crowd.ledger.look(SystemClock.now(), seen);
        let numbers = crowd.ledger.numbers(&samples.followed);
        let capacity = crowd.plan.capacity;
        samples.take(crowd.started.elapsed(), &status, capacity, book.sold, &numbers);
        screen.progress(&progress(&crowd.plan, &status, book));
        if book.ended >= crowd.plan.visitors {
            screen.end();
            return (samples, None);
        }
        let now = (book.arrived + book.ended, book.sold, status.serving);
        // Whoever is inside may pay yet.
        if changed.1 != now || book.inside > 0 {
            changed = (Instant::now(), now);
        } else if changed.0.elapsed() > patience {
            let left = crowd.plan.visitors - book.ended;
            screen.end();
            return (samples, Some(format!("nothing changes, and {left} visitors still wait")));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Of the ledger, what is looked at each second.
#[derive(Clone, Copy)]
struct Seen {
    arrived: usize,
    in_line: usize,
    ended: usize,
    inside: usize,
    sold: usize,
}

fn seen(book: &Book) -> Seen {
    Seen {
        arrived: book.arrived,
        in_line: book.in_line(),
        ended: book.ended(),
        inside: book.inside(),
        sold: book.sold.len(),
    }
}

fn progress(plan: &Plan, status: &Status, seen: Seen) -> Progress {
    Progress {
        visitors: plan.visitors,
        arrived: seen.arrived,
        ended: seen.ended,
        in_line: seen.in_line,
        inside: status.inside,
        capacity: plan.capacity,
        sold: seen.sold,
        seats: plan.seats,
    }
}

/// What is there at the end, once the last events have arrived.
async fn settle(
    crowd: &Arc<Crowd>,
    samples: &Samples,
    stuck: Option<String>,
) -> Result<Facts, Error> {
    for (user, entry) in crowd.ledger.look(SystemClock.now(), |book| book.witnesses.clone()) {
        let mut visitor = Visitor::new(Arc::clone(crowd), 0);
        (visitor.user, visitor.entry) = (user, entry);
        if let Look::Over { .. } = visitor.look().await {
            continue;
        }
        let what = "the sale was over, and a visitor in line was not told so";
        crowd.ledger.wrong(what, format!("entry {}", visitor.entry));
    }
    let since = Instant::now();
    loop {
        let book = crowd.ledger.look(SystemClock.now(), Book::clone);
        let (seats, status) =
            (crowd.board.read_seats(&crowd.api).await?, crowd.board.read_status(&crowd.api).await?);
        let settled = is_settled(&book, &seats, &status);
        if settled || since.elapsed() > SETTLE_MAX {
            let plan = crowd.plan.clone();
            let told_inside_most = samples.inside_most();
            let too_many = samples.too_many;
            return Ok(Facts { plan, book, seats, status, told_inside_most, too_many, stuck });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn is_settled(book: &Book, seats: &Seats, status: &Status) -> bool {
    let known = |seat: &Uuid| book.sold.contains_key(seat) || book.unsure.contains(seat);
    let all = seats.sold.len() >= book.sold.len() && seats.sold.iter().all(known);
    all && usize::try_from(status.seats_left).is_ok_and(|left| left + seats.sold.len() == seats.all)
}
