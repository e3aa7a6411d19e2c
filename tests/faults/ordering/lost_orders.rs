//! Events of ordering that the stream lost: the reconciler finds them by the orders that wait.

use std::time::Duration;

use marquee_lambda::republish::Report;
use marquee_messaging::{backends::memory::MemoryBroker, message::Message};
use marquee_ordering_domain::order::OrderStatus;
use marquee_testkit::clock::TickingClock;
use reconcile_orders::{AGES, Limits};

use crate::{
    ordering::canteen::Canteen,
    price::{Line, settle},
    system::drain,
};

const LIMITS: Limits = Limits { orders_max: 10_000, run_for: Duration::from_secs(40) };

/// One run, and what it published to `queue`.
async fn reconcile(canteen: &Canteen, queue: &'static str) -> (Report, Vec<Message>) {
    let broker = MemoryBroker::new(marquee_contexts::topology(), 1_000);
    let report = reconcile_orders::run(&canteen.store, &broker, &canteen.clock, LIMITS).await;
    (report.expect("a run"), drain(&broker, queue).await)
}

#[tokio::test]
async fn an_order_whose_event_was_lost_is_published_again_as_it_was() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 10).await;
    canteen.order("Pizza", 2).await;
    let lost = canteen.events("order_placed").await.remove(0);
    assert_eq!(reconcile(&canteen, "order_placed").await.0.published, 0, "it may be on its way");
    let mut waited = Duration::ZERO;
    for age in AGES {
        let wait = age + Duration::from_secs(60);
        canteen.clock_by(wait - waited);
        waited = wait;
        let (report, mut found) = reconcile(&canteen, "order_placed").await;
        assert_eq!((report.published, report.failed, report.more), (1, 0, false), "{age:?}");
        let found = found.pop().expect("a message");
        assert_eq!(found.metadata.id, lost.metadata.id, "the same event");
        let json = |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body).expect("json");
        assert_eq!(json(&found.body), json(&lost.body));
    }
    canteen.deliver_all().await;
    assert_eq!(reconcile(&canteen, "order_placed").await.0.published, 0, "nothing waits");
}

#[tokio::test]
async fn an_order_that_was_decided_and_never_heard_of_it_hears_of_it() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 10).await;
    let (reserved, failed) = (canteen.order("Pizza", 2).await, canteen.order("Pizza", 20).await);
    canteen.reserve(&canteen.events("order_placed").await).await;
    canteen.clock_by(AGES[0] + Duration::from_secs(60));
    let broker = MemoryBroker::new(marquee_contexts::topology(), 1_000);
    let run = reconcile_orders::run(&canteen.store, &broker, &canteen.clock, LIMITS).await;
    let report = run.expect("a run");
    assert_eq!((report.looked_at, report.published), (2, 2));
    let told = drain(&broker, "order_callback_reserved").await;
    canteen.resolve(OrderStatus::Reserved, &told[0]).await;
    let told = drain(&broker, "order_callback_failed").await;
    canteen.resolve(OrderStatus::Failed, &told[0]).await;
    assert_eq!(canteen.status(&reserved).await, OrderStatus::Reserved);
    assert_eq!(canteen.status(&failed).await, OrderStatus::Failed);
}

#[tokio::test]
async fn a_run_stops_at_its_bound_and_the_next_ones_go_on_until_nothing_is_left_out() {
    let canteen = Canteen::new().await;
    for _ in 0..450 {
        canteen.order("Nothing", 1).await;
    }
    canteen.clock_by(AGES[0] + Duration::from_secs(60));
    let limits = Limits { orders_max: 100, ..LIMITS };
    let broker = MemoryBroker::new(marquee_contexts::topology(), 1_000);
    let mut runs = Vec::new();
    loop {
        let run = reconcile_orders::run(&canteen.store, &broker, &canteen.clock, limits).await;
        let report = run.expect("a run");
        runs.push(report.published);
        // Late, and later than any window.
        canteen.clock_by(Duration::from_secs(30 * 60));
        if !report.more {
            break;
        }
    }
    assert!(runs.len() >= 2, "{runs:?}");
    assert_eq!(runs.iter().sum::<usize>(), 450, "each once: {runs:?}");
}

/// What a stream that lost twenty minutes of twenty orders a second leaves, a tenth of it.
#[tokio::test]
async fn all_orders_of_a_lost_stream_are_published_by_one_run_in_a_few_requests_for_each_hundred() {
    let canteen = Canteen::new().await;
    for _ in 0..2_400 {
        canteen.order("Nothing", 1).await;
    }
    canteen.clock_by(AGES[0] + Duration::from_secs(60));
    canteen.meter.take();
    let broker = MemoryBroker::new(marquee_contexts::topology(), 10_000);
    let run = reconcile_orders::run(&canteen.store, &broker, &canteen.clock, LIMITS).await;
    let report = run.expect("a run");
    assert_eq!((report.looked_at, report.published, report.failed), (2_400, 2_400, 0));
    let line = Line::new("publish 2,400 lost orders", &canteen.meter, 2_980.0, 28.0);
    // Four for each look of a hundred; and for each of four shards and ages the cursor, and a look.
    assert!(line.requests.len() <= 4 * 28 + 2 * 16, "{} requests", line.requests.len());
    settle(&[line]);
}

#[tokio::test]
async fn orders_of_one_age_leave_time_for_those_of_the_others() {
    let canteen = Canteen::new().await;
    for _ in 0..2_000 {
        canteen.order("Old", 1).await;
    }
    let mut waited = Duration::ZERO;
    let mut wait = |until: Duration| {
        canteen.clock_by(until - waited);
        waited = until;
    };
    let minute = Duration::from_secs(60);
    for age in &AGES[..3] {
        wait(*age + minute);
        let broker = MemoryBroker::new(marquee_contexts::topology(), 10_000);
        let run = reconcile_orders::run(&canteen.store, &broker, &canteen.clock, LIMITS).await;
        assert_eq!(run.expect("a run").published, 2_000, "nobody takes them");
    }
    wait(AGES[3] - AGES[0]);
    canteen.order("Young", 1).await;
    wait(AGES[3] + minute);
    let broker = MemoryBroker::new(marquee_contexts::topology(), 10_000);
    let second = Duration::from_secs(1);
    // Twenty-four looks, of which the old orders would take as many.
    let limits = Limits { run_for: second * 24, ..LIMITS };
    let clock = TickingClock { clock: canteen.clock.clone(), by: second };
    let run = reconcile_orders::run(&canteen.store, &broker, &clock, limits).await;
    let report = run.expect("a run");
    let published = drain(&broker, "order_placed").await;
    let young = |message: &Message| String::from_utf8_lossy(&message.body).contains("Young");
    assert!(published.iter().any(young), "{report:?}");
    assert!(report.more && (100..2_000).contains(&report.looked_at), "{report:?}");
}

#[tokio::test]
async fn what_the_broker_did_not_take_is_published_by_the_next_run() {
    let canteen = Canteen::new().await;
    for _ in 0..20 {
        canteen.order("Nothing", 1).await;
    }
    canteen.clock_by(AGES[0] + Duration::from_secs(60));
    // Full after five.
    let full = MemoryBroker::new(marquee_contexts::topology(), 5);
    let run = reconcile_orders::run(&canteen.store, &full, &canteen.clock, LIMITS).await;
    let report = run.expect("a run");
    assert!(report.failed > 0, "which ends the run in an error: {report:?}");
    let (report, messages) = reconcile(&canteen, "order_placed").await;
    assert_eq!((report.failed, messages.len()), (0, report.published));
    let mut seen = drain(&full, "order_placed").await;
    seen.extend(messages);
    let ids: std::collections::BTreeSet<_> =
        seen.into_iter().filter_map(|message| message.metadata.id).collect();
    assert_eq!(ids.len(), 20, "all of them, some twice");
}
