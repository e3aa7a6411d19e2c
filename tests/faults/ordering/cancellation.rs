//! Orders that are cancelled before, while and after the inventory decides about them.

use futures_util::future::join_all;
use marquee_lambda::consumer::Outcome;
use marquee_ordering_domain::{order::OrderStatus, stock::Stock};
use serde_json::json;

use crate::ordering::canteen::{Canteen, placed_by_hand};

#[tokio::test]
async fn cancelling_returns_the_stock_exactly_once_however_often_and_at_once() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 10).await;
    let id = canteen.order("Pizza", 3).await;
    let other = canteen.order("Pizza", 2).await;
    canteen.deliver_all().await;
    assert_eq!(canteen.stock("Pizza").await, Stock { available: 5, reserved: 5 });
    let all = join_all((0..20).map(|_| canteen.set_status(&id, "CANCELLED"))).await;
    for (status, order) in all {
        assert_eq!((status, &order["status"]), (200, &json!("CANCELLED")));
    }
    assert_eq!(canteen.stock("Pizza").await, Stock { available: 8, reserved: 2 });
    // What comes late finds it cancelled.
    canteen.deliver_all().await;
    assert_eq!(canteen.status(&id).await, OrderStatus::Cancelled);
    assert_eq!(canteen.status(&other).await, OrderStatus::Reserved);
    assert_eq!(canteen.stock("Pizza").await, Stock { available: 8, reserved: 2 });
}

#[tokio::test]
async fn an_order_cancelled_before_the_inventory_hears_of_it_takes_no_stock() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 10).await;
    let id = canteen.order("Pizza", 3).await;
    assert_eq!(canteen.set_status(&id, "CANCELLED").await.0, 200);
    canteen.deliver_all().await;
    assert_eq!(canteen.status(&id).await, OrderStatus::Cancelled);
    assert_eq!(canteen.stock("Pizza").await, Stock { available: 10, reserved: 0 });
    assert_eq!(canteen.notifications().await, 0);
}

#[tokio::test]
async fn an_order_cancelled_before_it_hears_that_it_is_reserved_returns_its_stock() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 10).await;
    let id = canteen.order("Pizza", 3).await;
    let placed = canteen.events("order_placed").await;
    assert_eq!(canteen.reserve(&placed).await, [Outcome::Done]);
    assert_eq!(canteen.status(&id).await, OrderStatus::Placed);
    assert_eq!(canteen.set_status(&id, "CANCELLED").await.0, 200);
    assert_eq!(canteen.stock("Pizza").await, Stock { available: 10, reserved: 0 });
    canteen.deliver_all().await;
    assert_eq!(canteen.status(&id).await, OrderStatus::Cancelled);
}

#[tokio::test]
async fn reserving_and_cancelling_at_once_leave_no_stock_behind() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 1_000).await;
    for _ in 0..20 {
        let id = canteen.order("Pizza", 3).await;
        let placed = canteen.events("order_placed").await;
        let last = placed.last().expect("an event").clone();
        let copies = (0..3).map(|_| canteen.reserve(std::slice::from_ref(&last)));
        let cancels = (0..3).map(|_| canteen.set_status(&id, "CANCELLED"));
        let (reserved, cancelled) = tokio::join!(join_all(copies), join_all(cancels));
        assert!(reserved.concat().iter().all(|outcome| *outcome == Outcome::Done));
        assert!(cancelled.iter().all(|(status, _)| *status == 200), "{cancelled:?}");
        assert_eq!(canteen.stock("Pizza").await, Stock { available: 1_000, reserved: 0 });
    }
}

#[tokio::test]
async fn what_was_reserved_is_returned_though_the_order_says_otherwise() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 10).await;
    canteen.put("Tea", 10).await;
    // The inventory heard of the order by hand, and of other goods.
    canteen.reserve(&[placed_by_hand("a", "Tea", 4)]).await;
    let body = json!({ "item": "Pizza", "qty": 1, "student_id": "S", "order_id": "a" });
    assert_eq!(canteen.call("POST", "/order", &body).await.0, 201);
    canteen.deliver_all().await;
    assert_eq!(canteen.set_status("a", "CANCELLED").await.0, 200);
    assert_eq!(canteen.stock("Pizza").await, Stock { available: 10, reserved: 0 });
    assert_eq!(canteen.stock("Tea").await, Stock { available: 10, reserved: 0 });
}

#[tokio::test]
async fn a_failed_order_cannot_be_cancelled_even_before_it_hears_that_it_failed() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 1).await;
    let id = canteen.order("Pizza", 3).await;
    let placed = canteen.events("order_placed").await;
    canteen.reserve(&placed).await;
    let (status, problem) = canteen.set_status(&id, "CANCELLED").await;
    assert_eq!((status, &problem["order_status"]), (409, &json!("FAILED")));
    assert_eq!(canteen.status(&id).await, OrderStatus::Failed);
    assert_eq!(canteen.stock("Pizza").await, Stock { available: 1, reserved: 0 });
}

#[tokio::test]
async fn an_order_that_was_called_reserved_and_never_was_can_be_cancelled() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 1).await;
    let id = canteen.order("Pizza", 3).await;
    let lie = placed_by_hand(&id, "Pizza", 3);
    canteen.resolve(OrderStatus::Reserved, &lie).await;
    canteen.reserve(&canteen.events("order_placed").await).await;
    let (status, order) = canteen.set_status(&id, "CANCELLED").await;
    assert_eq!((status, &order["status"]), (200, &json!("CANCELLED")));
    assert_eq!(canteen.stock("Pizza").await, Stock { available: 1, reserved: 0 });
}

#[tokio::test]
async fn a_status_set_by_hand_has_to_be_what_the_inventory_decided() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 10).await;
    let id = canteen.order("Pizza", 3).await;
    for status in ["RESERVED", "FAILED"] {
        let (code, problem) = canteen.set_status(&id, status).await;
        assert_eq!((code, &problem["order_status"]), (409, &json!("PLACED")), "not decided yet");
    }
    assert_eq!(canteen.set_status(&id, "PLACED").await.0, 200, "it is");
    canteen.reserve(&canteen.events("order_placed").await).await;
    assert_eq!(canteen.set_status(&id, "FAILED").await.0, 409, "it was reserved");
    for _ in 0..2 {
        let (code, order) = canteen.set_status(&id, "RESERVED").await;
        assert_eq!((code, &order["status"]), (200, &json!("RESERVED")));
    }
    assert_eq!(canteen.set_status(&id, "PLACED").await.0, 409, "there is no way back");
}
