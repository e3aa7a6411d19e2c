//! Short words for ordering.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Marquee, eventually, text},
    reply::Reply,
};

pub(crate) const EXCHANGE: &str = "orders_exchange";
pub(crate) const PLACED: &str = "order.placed";

impl Marquee {
    /// An item of the test's own, so many of it in stock.
    pub(crate) async fn new_item(&self, stock: u64) -> String {
        let item = format!("Special {}", Uuid::new_v4());
        self.put(&format!("/inventory/{item}"), &json!({ "stock": stock })).await.expect(200);
        item
    }

    /// What can be ordered of an item, and what orders have of it.
    pub(crate) async fn stock(&self, item: &str) -> (u64, u64) {
        let found = self.get(&format!("/inventory/{item}")).await.expect(200);
        let count = |name: &str| found[name].as_u64().expect("a count");
        (count("stock"), count("reserved"))
    }

    /// The id of an order that must be accepted.
    pub(crate) async fn order(&self, item: &str, qty: u64, student: &str) -> String {
        let order = json!({ "item": item, "qty": qty, "student_id": student });
        let order = self.post("/order", &order).await.expect(201);
        assert_eq!(order["status"], "PLACED");
        text(&order["order_id"])
    }

    pub(crate) async fn set_order_status(&self, order: &str, status: &str) -> Reply {
        let path = format!("/orders/{order}/status");
        self.send(Method::PATCH, &path, &[], Some(json!({ "status": status }).to_string())).await
    }

    /// Waits until the order has this status.
    pub(crate) async fn await_order(&self, order: &str, status: &str) -> Value {
        let mut seen = Value::Null;
        let found = eventually(async || {
            seen = self.get(&format!("/orders/{order}")).await.expect(200);
            seen["status"] == status
        });
        assert!(found.await, "never {status}: {seen}");
        seen
    }

    /// The notifications of an order.
    pub(crate) async fn notified(&self, order: &str) -> Vec<Value> {
        let mut all = self.all("/notifications?limit=500").await;
        all.retain(|notification| notification["order_id"] == order);
        all
    }

    /// Waits until the inventory has decided.
    pub(crate) async fn await_decision(&self, order: &str) {
        let path = format!("/orders/{order}");
        let decided = eventually(async || self.get(&path).await.expect(200)["status"] != "PLACED");
        assert!(decided.await, "{order} is not decided");
    }

    pub(crate) async fn await_notification(&self, order: &str) -> Value {
        let mut notified = Vec::new();
        let came = eventually(async || {
            notified = self.notified(order).await;
            !notified.is_empty()
        });
        assert!(came.await, "nobody was told of {order}");
        notified.remove(0)
    }

    /// Publishes an order by hand, as a client of the broker that knows nothing of us.
    pub(crate) async fn place_by_hand(&self, order: &str, item: &str, qty: u64) {
        let body = json!({ "order_id": order, "item": item, "qty": qty, "student_id": "S123" });
        self.wire().await.publish(EXCHANGE, PLACED, &body.to_string()).await;
    }

    /// Waits until orders that may be on their way have had all their effects: until one that was
    /// placed behind them has.
    pub(crate) async fn orders_come_to_rest(&self) {
        let item = self.new_item(1).await;
        let last = self.order(&item, 1, "last").await;
        self.await_order(&last, "RESERVED").await;
        self.await_notification(&last).await;
        self.come_to_rest().await;
    }
}
