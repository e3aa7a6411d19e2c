//! Events of ordering that the stream lost: the reconciler finds them by the orders that wait.

use std::time::Duration;

use marquee_domain::ordering::order::OrderStatus;
use marquee_messaging::{backends::memory::MemoryBroker, message::Message};
use reconcile_orders::{AGES, Limits, Report};

use crate::{canteen::Canteen, world::drain};

const LIMITS: Limits = Limits {
    window: Duration::from_secs(20 * 60),
    orders_max: 1_000,
    run_for: Duration::from_secs(40),
};

/// One run, and what it published to `queue`.
async fn reconcile(canteen: &Canteen, queue: &'static str) -> (Report, Vec<Message>) {
    let broker = MemoryBroker::new(1_000, None);
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
    let (report, messages) = reconcile(&canteen, "order_callback_reserved").await;
    assert_eq!((report.orders, report.published), (2, 2));
    canteen.resolve(OrderStatus::Reserved, &messages[0]).await;
    let (_, messages) = reconcile(&canteen, "order_callback_failed").await;
    canteen.resolve(OrderStatus::Failed, &messages[0]).await;
    assert_eq!(canteen.status(&reserved).await, OrderStatus::Reserved);
    assert_eq!(canteen.status(&failed).await, OrderStatus::Failed);
}

#[tokio::test]
async fn a_run_goes_on_from_page_to_page_and_stops_at_its_bound() {
    let canteen = Canteen::new().await;
    for _ in 0..450 {
        canteen.order("Nothing", 1).await;
    }
    canteen.clock_by(AGES[0] + Duration::from_secs(60));
    let (report, messages) = reconcile(&canteen, "order_placed").await;
    assert_eq!((report.orders, report.published, messages.len()), (450, 450, 450));
    let broker = MemoryBroker::new(1_000, None);
    let limits = Limits { orders_max: 100, ..LIMITS };
    let run = reconcile_orders::run(&canteen.store, &broker, &canteen.clock, limits).await;
    let report = run.expect("a run");
    assert!(report.more && (100..300).contains(&report.orders), "{report:?}");
}
