//! What each step of an order may cost, by DynamoDB's own account.

use marquee_ordering_domain::order::OrderStatus;
use serde_json::json;

use crate::{
    ordering::canteen::{Canteen, placed_by_hand},
    price::{Line, settle},
};

#[tokio::test]
async fn an_orders_whole_life_costs_ten_write_units_and_one_read_unit() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 100).await;
    let mut lines = Vec::new();
    canteen.meter.take();
    let id = canteen.order("Pizza", 2).await;
    lines.push(Line::new("place", &canteen.meter, 0.0, 3.0));
    let placed = canteen.events("order_placed").await;
    canteen.reserve(&placed).await;
    lines.push(Line::new("reserve", &canteen.meter, 1.0, 4.0));
    let reserved = canteen.events("inventory_reserved").await;
    canteen.notify(&reserved[0]).await;
    lines.push(Line::new("notify", &canteen.meter, 0.0, 2.0));
    canteen.resolve(OrderStatus::Reserved, &reserved[0]).await;
    lines.push(Line::new("resolve", &canteen.meter, 0.0, 1.0));
    let life = Line::total("an order's whole life", &lines, 1.0, 10.0);
    assert_eq!(life.sum(), (5, 1.0, 10.0));
    lines.push(life);
    canteen.call("GET", &format!("/orders/{id}"), &json!(null)).await;
    lines.push(Line::new("read the order", &canteen.meter, 1.0, 0.0));
    canteen.set_status(&id, "CANCELLED").await;
    lines.push(Line::new("cancel", &canteen.meter, 2.0, 6.0));
    settle(&lines);
}

#[tokio::test]
async fn ten_orders_of_a_batch_for_one_item_are_reserved_for_little_more_than_two_units_each() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 100).await;
    let orders: Vec<_> = (0..10).map(|n| placed_by_hand(&format!("o{n}"), "Pizza", 1)).collect();
    let mut lines = Vec::new();
    canteen.meter.take();
    canteen.reserve(&orders).await;
    let reserve = Line::new("reserve a batch of ten", &canteen.meter, 1.0, 22.0);
    assert_eq!(reserve.sum(), (2, 1.0, 22.0));
    lines.push(reserve);
    canteen.put("Pizza", 0).await;
    let more: Vec<_> = (0..10).map(|n| placed_by_hand(&format!("p{n}"), "Pizza", 1)).collect();
    canteen.reserve(&more).await;
    let refuse = Line::new("refuse a batch of ten", &canteen.meter, 1.0, 10.0);
    assert_eq!(refuse.sum(), (11, 1.0, 10.0));
    lines.push(refuse);
    settle(&lines);
}

#[tokio::test]
async fn a_page_of_orders_costs_what_it_shows_and_the_look_at_each_partition() {
    let canteen = Canteen::new().await;
    for n in 0..200 {
        let body = json!({ "item": "Tea", "qty": 1, "student_id": format!("S{}", n % 10) });
        assert_eq!(canteen.call("POST", "/order", &body).await.0, 201);
    }
    let mut lines = Vec::new();
    canteen.meter.take();
    let (status, page) = canteen.call("GET", "/orders?limit=50", &json!(null)).await;
    assert_eq!((status, page.as_array().map(Vec::len)), (200, Some(50)));
    lines.push(Line::new("50 orders of 200", &canteen.meter, 31.0, 0.0));
    let (_, page) = canteen.call("GET", "/orders?student_id=S3", &json!(null)).await;
    assert_eq!(page.as_array().map(Vec::len), Some(20));
    lines.push(Line::new("a student's 20 orders", &canteen.meter, 11.0, 0.0));
    settle(&lines);
}
