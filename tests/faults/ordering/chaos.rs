//! Everything that can go wrong with storage while orders are placed, reserved and cancelled: the
//! stock adds up all the same.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use marquee_lambda::consumer::Outcome;
use marquee_messaging::message::Message;
use marquee_ordering_domain::{order::OrderStatus, stock::Stock};
use marquee_testkit::faulty::Fault;
use serde_json::json;

use crate::ordering::canteen::Canteen;

const ORDERS: usize = 60;
const STOCK: u64 = 40;

/// Delivers messages in batches until each was dealt with, as a broker does.
async fn deliver(canteen: &Canteen, messages: &[Message]) {
    let mut left = messages.to_vec();
    for round in 0.. {
        if left.is_empty() {
            return;
        }
        assert!(round < 200, "{} messages fail each time", left.len());
        let batches = left.chunks(10).map(|batch| async {
            // Some consumers are killed midway.
            let handled = tokio::time::timeout(Duration::from_secs(2), canteen.reserve(batch));
            let outcomes = handled.await.unwrap_or_default();
            let done = outcomes.iter().map(|outcome| *outcome == Outcome::Done);
            batch
                .iter()
                .zip(done.chain(std::iter::repeat(false)))
                .filter(|(_, done)| !done)
                .map(|(message, _)| message.clone())
                .collect::<Vec<_>>()
        });
        left = join_all(batches).await.concat();
    }
}

#[tokio::test]
async fn after_every_kind_of_trouble_the_stock_adds_up() {
    let trouble = Arc::new(AtomicBool::new(true));
    let armed = Arc::clone(&trouble);
    let canteen = Canteen::with_faults(move |_, count| match count % 7 {
        _ if !armed.load(Ordering::SeqCst) => Fault::None,
        1 => Fault::Throttled,
        3 => Fault::Conflict,
        4 => Fault::AnswerLost,
        6 => Fault::Lost,
        _ => Fault::None,
    })
    .await;
    canteen.put("Pizza", STOCK).await;
    let place = |n: usize| {
        let canteen = &canteen;
        let body = json!({ "item": "Pizza", "qty": 1, "student_id": n, "order_id": n.to_string() });
        async move { canteen.call("POST", "/order", &body).await }
    };
    for (status, order) in join_all((0..ORDERS).map(place)).await {
        assert_eq!(status, 201, "{order}");
    }
    let placed = canteen.events("order_placed").await;
    let ids: BTreeSet<_> = placed.iter().map(|event| event.metadata.id.clone()).collect();
    assert_eq!((placed.len(), ids.len()), (ORDERS, ORDERS), "one event each");
    // Each twice, while every tenth is being cancelled.
    let cancel = async {
        for n in (0..ORDERS).step_by(10) {
            let (status, answer) = canteen.set_status(&n.to_string(), "CANCELLED").await;
            assert!(status == 200 || answer["order_status"] == "FAILED", "{answer}");
        }
    };
    let (first, second) = (deliver(&canteen, &placed), deliver(&canteen, &placed));
    tokio::join!(first, second, cancel);
    trouble.store(false, Ordering::SeqCst);
    canteen.deliver_all().await;

    let mut counts = [0; 4];
    for n in 0..ORDERS {
        let status = canteen.status(&n.to_string()).await;
        let index = OrderStatus::ALL.iter().position(|known| *known == status);
        counts[index.expect("a status")] += 1;
    }
    let [placed, reserved, failed, cancelled] = counts;
    assert_eq!(placed, 0, "every order has an answer");
    assert_eq!(reserved + failed + cancelled, ORDERS as u64);
    let stock = Stock { available: STOCK - reserved, reserved };
    assert_eq!(canteen.stock("Pizza").await, stock, "{failed} failed, {cancelled} cancelled");
    assert!(reserved <= STOCK && cancelled > 0);
    // An order fails only when all stock is taken, and only what is cancelled comes back.
    assert!(failed == 0 || reserved + cancelled >= STOCK, "{reserved} reserved, {failed} failed");
    for queue in ["inventory_reserved", "order_callback_failed"] {
        let events = canteen.events(queue).await;
        let ids: BTreeSet<_> = events.iter().map(|event| event.metadata.id.clone()).collect();
        assert_eq!(ids.len(), events.len(), "{queue}: one event for each order");
    }
}
