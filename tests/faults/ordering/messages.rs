//! Orders whose messages come twice, late, in the wrong order, or not as orders at all, and
//! consumers that are killed while they work.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use marquee_lambda::consumer::{BatchHandler, Outcome};
use marquee_ordering_domain::{order::OrderStatus, stock::Stock};
use marquee_testkit::faulty::Fault;
use serde_json::json;

use crate::{
    ordering::canteen::{Canteen, placed_by_hand},
    system::{batch, by_hand},
};

fn stock(available: u64, reserved: u64) -> Stock {
    Stock { available, reserved }
}

#[tokio::test]
async fn an_order_that_the_api_never_saw_is_reserved_and_told_once_however_often_it_comes() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 10).await;
    let order = placed_by_hand("by-hand-1", "Pizza", 2);
    for _ in 0..3 {
        // Alone, ten at once, and ten in a batch.
        assert_eq!(canteen.reserve(std::slice::from_ref(&order)).await, [Outcome::Done]);
        let copies = (0..10).map(|_| canteen.reserve(std::slice::from_ref(&order)));
        assert!(join_all(copies).await.concat().iter().all(|outcome| *outcome == Outcome::Done));
        let copies = vec![order.clone(); 10];
        assert_eq!(canteen.reserve(&copies).await, vec![Outcome::Done; 10]);
        canteen.clock_by(Duration::from_secs(8 * 24 * 60 * 60));
    }
    let reserved = canteen.events("inventory_reserved").await;
    assert_eq!(reserved.len(), 1);
    for _ in 0..3 {
        assert_eq!(canteen.notify(&reserved[0]).await, Outcome::Done);
        assert_eq!(canteen.resolve(OrderStatus::Reserved, &reserved[0]).await, Outcome::Done);
    }
    assert_eq!(canteen.stock("Pizza").await, stock(8, 2));
    assert_eq!(canteen.notifications().await, 1);
    assert_eq!(canteen.call("GET", "/orders/by-hand-1", &json!(null)).await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_duplicate_while_the_first_is_being_processed_takes_nothing_more() {
    let reads = AtomicU64::new(0);
    let canteen = Canteen::with_faults(move |operation, _| {
        match operation {
            "GetItem" => drop(reads.fetch_add(1, Ordering::SeqCst)),
            // Nobody writes before both have read the stock.
            _ => {
                while reads.load(Ordering::SeqCst) < 2 {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        }
        Fault::None
    })
    .await;
    canteen.put("Pizza", 10).await;
    let order = batch(&[placed_by_hand("twice", "Pizza", 4)]);
    let one = || {
        let (inventory, order) = (canteen.inventory(), order.clone());
        tokio::spawn(async move { inventory.handle_batch(&order).await })
    };
    let (first, second) = (one(), one());
    for handled in [first, second] {
        assert_eq!(handled.await.expect("handled"), [Outcome::Done]);
    }
    assert_eq!(canteen.stock("Pizza").await, stock(6, 4));
}

#[tokio::test]
async fn a_slow_item_keeps_neither_the_others_nor_poison_waiting() {
    let canteen = Canteen::with_faults(|operation, count| match operation {
        // The first read never gets an answer, however often it is sent.
        "GetItem" if count != 1 => Fault::Throttled,
        _ => Fault::None,
    })
    .await;
    canteen.put("Pizza", 10).await;
    canteen.put("Tea", 10).await;
    let poison = by_hand(&json!({ "item": "Pizza" }));
    let orders = [placed_by_hand("a", "Pizza", 1), placed_by_hand("b", "Tea", 1), poison];
    let outcomes = canteen.reserve(&orders).await;
    let slow = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::RetryLater(_)));
    assert_eq!(slow.count(), 1, "{outcomes:?}");
    assert!(matches!(outcomes[2], Outcome::Poison(_)), "{outcomes:?}");
}

#[tokio::test]
async fn an_order_that_the_inventory_knew_before_orders_api_hears_what_was_decided() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 10).await;
    for (id, qty, status) in [("a", 2, OrderStatus::Reserved), ("b", 50, OrderStatus::Failed)] {
        canteen.reserve(&[placed_by_hand(id, "Pizza", qty)]).await;
        let body = json!({ "item": "Pizza", "qty": qty, "student_id": "S", "order_id": id });
        assert_eq!(canteen.call("POST", "/order", &body).await.0, 201);
        let placed = canteen.events("order_placed").await;
        canteen.reserve(&placed[placed.len() - 1..]).await;
        assert_eq!(canteen.status(id).await, status);
    }
    assert_eq!(canteen.stock("Pizza").await, stock(8, 2));
}

#[tokio::test]
async fn a_batch_that_comes_again_is_done_though_little_is_left_for_any_of_it() {
    let canteen = Canteen::new().await;
    canteen.put("Tea", 101).await;
    let orders: Vec<_> = (0..100).map(|n| placed_by_hand(&n.to_string(), "Tea", 1)).collect();
    for _ in 0..2 {
        assert_eq!(canteen.reserve(&orders).await, vec![Outcome::Done; 100]);
        assert_eq!(canteen.stock("Tea").await, stock(1, 100));
    }
}

#[tokio::test]
async fn a_batch_gives_the_last_ones_to_those_who_came_first_and_says_why_to_the_others() {
    let canteen = Canteen::new().await;
    canteen.put("Sushi", 5).await;
    canteen.put("Tea", 1).await;
    let orders = [("a", "Sushi", 3), ("b", "Tea", 1), ("c", "Sushi", 3), ("d", "Sushi", 2)];
    let orders = orders.map(|(order, item, qty)| placed_by_hand(order, item, qty));
    let nothing = placed_by_hand("e", "Caviar", 1);
    assert_eq!(canteen.reserve(&[&orders[..], &[nothing]].concat()).await, vec![Outcome::Done; 5]);
    assert_eq!(canteen.stock("Sushi").await, stock(0, 5));
    assert_eq!(canteen.stock("Tea").await, stock(0, 1));
    let failed = canteen.events("order_callback_failed").await;
    let mut reasons: Vec<_> = failed
        .iter()
        .map(|event| {
            let event: serde_json::Value = serde_json::from_slice(&event.body).expect("json");
            format!("{}: {}", event["order_id"].as_str().expect("id"), event["reason"])
        })
        .collect();
    reasons.sort();
    assert_eq!(
        reasons,
        ["c: \"not enough Sushi: 3 ordered, 2 left\"", "e: \"there is no item \\\"Caviar\\\"\""]
    );
}

#[tokio::test]
async fn results_in_any_order_and_any_number_leave_the_order_as_it_was_decided_first() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 10).await;
    let id = canteen.order("Pizza", 1).await;
    canteen.deliver_all().await;
    assert_eq!(canteen.status(&id).await, OrderStatus::Reserved);
    let contrary = by_hand(&json!({
        "order_id": id, "item": "Pizza", "qty": 1, "reason": "never mind",
    }));
    for _ in 0..2 {
        assert_eq!(canteen.resolve(OrderStatus::Failed, &contrary).await, Outcome::Done);
        canteen.deliver_all().await;
    }
    assert_eq!(canteen.status(&id).await, OrderStatus::Reserved);

    let refused = canteen.order("Pizza", 100).await;
    canteen.deliver_all().await;
    let contrary = placed_by_hand(&refused, "Pizza", 100);
    assert_eq!(canteen.resolve(OrderStatus::Reserved, &contrary).await, Outcome::Done);
    assert_eq!(canteen.status(&refused).await, OrderStatus::Failed);
    assert_eq!(canteen.stock("Pizza").await, stock(9, 1));
}

#[tokio::test]
async fn what_is_no_order_is_poison_and_holds_nothing_up() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 10).await;
    let poison = by_hand(&json!({ "item": "Pizza", "qty": 1 }));
    let orders = [placed_by_hand("a", "Pizza", 1), poison.clone(), placed_by_hand("b", "Pizza", 1)];
    let outcomes = canteen.reserve(&orders).await;
    assert!(matches!(&outcomes[1], Outcome::Poison(why) if why.contains("order_id")));
    assert_eq!([&outcomes[0], &outcomes[2]], [&Outcome::Done; 2]);
    assert_eq!(canteen.stock("Pizza").await, stock(8, 2));
    assert!(matches!(canteen.notify(&poison).await, Outcome::Poison(_)));
    let result = canteen.resolve(OrderStatus::Failed, &poison).await;
    assert!(matches!(result, Outcome::Poison(_)));
}

/// Kills a step of work at each of its requests in turn, before it arrives and after it was done,
/// and does the step again as a new consumer would.
async fn killed_at_every_request(
    requests: u32,
    prepare: impl AsyncFn(&Canteen),
    step: impl AsyncFn(&Canteen),
    check: impl AsyncFn(&Canteen),
) {
    let mut kills = 0;
    for fault in [Fault::Lost, Fault::AnswerLost] {
        for request in 0.. {
            // What a killed consumer sent is all that it will ever send: there are no retries.
            let dead_from = Arc::new(AtomicU64::new(u64::MAX));
            let deadline = Arc::clone(&dead_from);
            let canteen = Canteen::with_faults(move |_, count| {
                match count.cmp(&deadline.load(Ordering::SeqCst)) {
                    std::cmp::Ordering::Less => Fault::None,
                    std::cmp::Ordering::Equal => fault,
                    std::cmp::Ordering::Greater => Fault::Lost,
                }
            })
            .await;
            prepare(&canteen).await;
            let before = canteen.meter.take().len() as u64;
            dead_from.store(before + request, Ordering::SeqCst);
            let working = step(&canteen);
            let finished = tokio::time::timeout(Duration::from_millis(300), working).await.is_ok();
            let sent = canteen.meter.take().len() as u64;
            dead_from.store(u64::MAX, Ordering::SeqCst);
            step(&canteen).await;
            check(&canteen).await;
            if finished && sent <= request {
                break;
            }
            kills += 1;
        }
    }
    assert_eq!(kills, 2 * requests, "each of its requests, in either way");
}

#[tokio::test]
async fn an_inventory_killed_at_any_step_reserves_once_and_tells_once() {
    let orders = [
        placed_by_hand("a", "Pizza", 2),
        placed_by_hand("b", "Tea", 1),
        placed_by_hand("c", "Pizza", 9),
    ];
    // The stock of two items is read and taken, and a failure recorded.
    killed_at_every_request(
        5,
        async |canteen| {
            canteen.put("Pizza", 10).await;
            canteen.put("Tea", 10).await;
        },
        async |canteen| drop(canteen.reserve(&orders).await),
        async |canteen| {
            assert_eq!(canteen.stock("Pizza").await, stock(8, 2));
            assert_eq!(canteen.stock("Tea").await, stock(9, 1));
            assert_eq!(canteen.events("inventory_reserved").await.len(), 2);
            assert_eq!(canteen.events("order_callback_failed").await.len(), 1);
        },
    )
    .await;
}

#[tokio::test]
async fn a_notification_and_a_result_killed_at_any_step_are_there_once() {
    let told = by_hand(&json!({ "order_id": "a", "item": "Pizza", "qty": 1 }));
    let place = async |canteen: &Canteen| {
        let body = json!({ "item": "Pizza", "qty": 1, "student_id": "S", "order_id": "a" });
        assert_eq!(canteen.call("POST", "/order", &body).await.0, 201);
    };
    killed_at_every_request(
        2,
        place,
        async |canteen| {
            canteen.notify(&told).await;
            canteen.resolve(OrderStatus::Reserved, &told).await;
        },
        async |canteen| {
            assert_eq!(canteen.notifications().await, 1);
            assert_eq!(canteen.status("a").await, OrderStatus::Reserved);
        },
    )
    .await;
}

#[tokio::test]
async fn a_cancellation_killed_at_any_step_returns_the_stock_once() {
    killed_at_every_request(
        3,
        async |canteen| {
            canteen.put("Pizza", 10).await;
            let body = json!({ "item": "Pizza", "qty": 3, "student_id": "S", "order_id": "a" });
            assert_eq!(canteen.call("POST", "/order", &body).await.0, 201);
            canteen.deliver_all().await;
        },
        async |canteen| drop(canteen.set_status("a", "CANCELLED").await),
        async |canteen| {
            assert_eq!(canteen.status("a").await, OrderStatus::Cancelled);
            assert_eq!(canteen.stock("Pizza").await, stock(10, 0));
        },
    )
    .await;
}

#[tokio::test]
async fn stock_put_in_is_there_once_though_its_answer_is_lost_and_orders_come_before_it_is_retried()
{
    let cut = Arc::new(AtomicBool::new(false));
    let is_cut = Arc::clone(&cut);
    let updates = AtomicU64::new(0);
    let canteen = Canteen::with_faults(move |operation, _| match operation {
        "UpdateItem" if updates.fetch_add(1, Ordering::SeqCst) == 0 => Fault::AnswerLost,
        "UpdateItem" if is_cut.load(Ordering::SeqCst) => Fault::Lost,
        _ => Fault::None,
    })
    .await;
    canteen.put("Pizza", 10).await;
    cut.store(true, Ordering::SeqCst);
    let twenty = json!({ "stock": 20 });
    let put = canteen.call("PUT", "/inventory/Pizza", &twenty);
    let order_meanwhile = async {
        while canteen.stock("Pizza").await.available != 20 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let order = placed_by_hand("meanwhile", "Pizza", 5);
        assert_eq!(canteen.reserve(&[order]).await, [Outcome::Done]);
        cut.store(false, Ordering::SeqCst);
    };
    let ((status, item), ()) = tokio::join!(put, order_meanwhile);
    assert_eq!((status, &item["stock"], &item["reserved"]), (200, &json!(15), &json!(5)));
    assert_eq!(canteen.stock("Pizza").await, stock(15, 5));
}
