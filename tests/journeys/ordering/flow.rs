//! The food-ordering document, step by step.

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Marquee, eventually, text},
    ordering::canteen::{EXCHANGE, PLACED},
};

/// Steps 2 and 3: place an order, see it reserved, see who was told.
#[tokio::test]
async fn an_order_is_placed_at_once_and_reserved_and_told_a_moment_later() {
    let marquee = Marquee::start().await;
    marquee.has_on_the_menu("Pizza").await;
    let body = json!({ "item": "Pizza", "qty": 2, "student_id": "S123" });
    let placed = marquee.post("/order", &body).await.expect(201);
    assert_eq!(placed["status"], "PLACED");
    assert_eq!((&placed["item"], &placed["qty"]), (&json!("Pizza"), &json!(2)));
    let id = text(&placed["order_id"]);

    let reserved = marquee.await_order(&id, "RESERVED").await;
    assert_eq!(reserved["student_id"], "S123");
    let is_listed = eventually(async || marquee.all("/orders").await.contains(&reserved));
    assert!(is_listed.await, "{id} is not in the list");

    let told = marquee.await_notification(&id).await;
    assert_eq!((&told["student_id"], &told["item"]), (&json!("S123"), &json!("Pizza")));
    assert!(text(&told["message"]).contains("Pizza"));
}

/// The first of the document's five tests, with the stock to prove it.
#[tokio::test]
async fn order_placed_and_reserved() {
    let marquee = Marquee::start().await;
    let item = marquee.new_item(10).await;
    let order = marquee.order(&item, 3, "S1").await;
    marquee.await_order(&order, "RESERVED").await;
    assert_eq!(marquee.stock(&item).await, (7, 3));
    let refused = marquee.order(&item, 8, "S2").await;
    let failed = marquee.await_order(&refused, "FAILED").await;
    assert!(text(&failed["reason"]).contains("8 ordered, 7 left"), "{failed}");
    assert_eq!(marquee.stock(&item).await, (7, 3));
}

/// The second.
#[tokio::test]
async fn notification_sent() {
    let marquee = Marquee::start().await;
    let item = marquee.new_item(10).await;
    let order = marquee.order(&item, 1, "S9").await;
    let told = marquee.await_notification(&order).await;
    assert_eq!(told["student_id"], "S9");
    let refused = marquee.order(&item, 11, "S9").await;
    marquee.await_order(&refused, "FAILED").await;
    marquee.orders_come_to_rest().await;
    assert!(marquee.notified(&refused).await.is_empty(), "nobody is told of a failed order");
}

/// The third, and step 7: the backlog drains when the inventory is back.
#[tokio::test]
async fn kill_inventory_publish_orders_restart() {
    let marquee = Marquee::start_to_break().await;
    let coffee = marquee.new_item(100).await;
    marquee.disable("order_placed", "on-order-placed").await;
    let ids = join_all((1..=10).map(|n| {
        let (marquee, coffee) = (&marquee, &coffee);
        async move { marquee.order(coffee, 1, &format!("BACKLOG-{n}")).await }
    }));
    let ids = ids.await;
    let waiting = eventually(async || marquee.backlog("order_placed").await == 10);
    assert!(waiting.await, "the backlog is {}", marquee.backlog("order_placed").await);
    for id in &ids {
        let order = marquee.get(&format!("/orders/{id}")).await.expect(200);
        assert_eq!(order["status"], "PLACED", "nobody is there to reserve it");
    }
    marquee.enable("order_placed", "on-order-placed").await;
    for id in &ids {
        marquee.await_order(id, "RESERVED").await;
    }
    assert_eq!(marquee.stock(&coffee).await, (90, 10));
}

/// The fourth: by hand, with no metadata, and of an order that orders-api never saw.
#[tokio::test]
async fn duplicate_order_placed_no_double_reserve() {
    let marquee = Marquee::start().await;
    let burger = marquee.new_item(50).await;
    let id = format!("DUP-{}", Uuid::new_v4());
    // One after the other, and then ten at once.
    marquee.place_by_hand(&id, &burger, 5).await;
    marquee.await_notification(&id).await;
    marquee.place_by_hand(&id, &burger, 5).await;
    join_all((0..10).map(|_| marquee.place_by_hand(&id, &burger, 5))).await;
    marquee.orders_come_to_rest().await;
    assert_eq!(marquee.stock(&burger).await, (45, 5), "reserved once");
    assert_eq!(marquee.notified(&id).await.len(), 1, "told once");
    marquee.get(&format!("/orders/{id}")).await.problem(404, "not-found");
}

/// The fifth, with good orders around the bad ones.
#[tokio::test]
async fn malformed_message_goes_to_dlq() {
    let marquee = Marquee::start().await;
    let salad = marquee.new_item(50).await;
    let wire = marquee.wire().await;
    let mark = Uuid::new_v4();
    let poison = [
        format!("{{ not json {mark}"),
        json!({ "item": salad, "qty": 1, "mark": mark }).to_string(),
        json!({ "order_id": mark, "qty": 1 }).to_string(),
        json!({ "order_id": mark, "item": salad, "qty": "  many" }).to_string(),
        // Escaped it is sent; what it stands for could not be passed on.
        json!({ "order_id": mark, "item": "x?", "qty": 1 }).to_string().replace('?', "\\uffff"),
    ];
    let mut good = Vec::new();
    for body in &poison {
        wire.publish(EXCHANGE, PLACED, body).await;
        good.push(marquee.order(&salad, 1, "S1").await);
    }
    for order in &good {
        marquee.await_order(order, "RESERVED").await;
    }
    for body in &poison {
        let reason = wire.dead_letter("order_placed", body).await;
        assert!(reason.starts_with("not an order event"), "{body}: {reason}");
    }
    assert_eq!(marquee.stock(&salad).await, (45, 5));
}

#[tokio::test]
async fn the_menu_of_the_document_can_be_ordered_from() {
    let marquee = Marquee::start().await;
    for item in ["Pizza", "Burger", "Coffee", "Salad"] {
        marquee.has_on_the_menu(item).await;
    }
    let inventory = marquee.all("/inventory").await;
    for item in ["Pizza", "Burger", "Coffee", "Salad"] {
        let found = inventory.iter().find(|found| found["item"] == item);
        let stock = |found: &Value| found["stock"].as_u64().is_some_and(|stock| stock > 0);
        assert!(found.is_some_and(stock), "{item}: {inventory:?}");
    }
}

impl Marquee {
    /// A host has the document's items as demo data; a deployed system is given them.
    async fn has_on_the_menu(&self, item: &str) {
        if self.deployed_prefix().is_some() {
            let path = format!("/inventory/{item}");
            self.put(&path, &json!({ "stock": 1_000 })).await.expect(200);
        }
    }
}
