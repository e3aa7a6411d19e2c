//! Ordering with everything around it in the test's hands.

use std::{sync::Arc, time::Duration};

use axum::Router;
use marquee_host::database::{LocalDatabase, table_name};
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::{
    consumer::{BatchHandler, MessageHandler, Outcome},
    identity::Identity,
};
use marquee_messaging::message::Message;
use marquee_ordering::store::OrderingStore;
use marquee_ordering_domain::{order::OrderStatus, stock::Stock};
use marquee_testkit::{capacity::CapacityMeter, clock::ManualClock, faulty::Fault};
use on_inventory_reserved::OnInventoryReserved;
use on_inventory_result::OnInventoryResult;
use on_order_placed::OnOrderPlaced;
use serde_json::{Value, json};

use crate::system::{batch, by_hand, drain, faulty_table, invoke, relayed};

pub(crate) struct Canteen {
    pub(crate) database: LocalDatabase,
    pub(crate) store: OrderingStore,
    pub(crate) clock: ManualClock,
    pub(crate) meter: CapacityMeter,
    api: Router,
}

impl Canteen {
    pub(crate) async fn new() -> Self {
        Self::with_faults(|_, _| Fault::None).await
    }

    /// With a connection to DynamoDB that goes wrong as `plan` says.
    pub(crate) async fn with_faults(
        plan: impl Fn(&str, u64) -> Fault + Send + Sync + 'static,
    ) -> Self {
        let database = LocalDatabase::open(None).await.expect("a database");
        let clock = ManualClock::at(Timestamp::from_millis(1_763_229_600_000));
        let (table, meter) = faulty_table(&database, &table_name("ordering"), plan);
        let store = OrderingStore::new(table);
        let services = orders_api::AppState {
            store: store.clone(),
            clock: Arc::new(clock.clone()),
            orders_per_minute_max: 120,
        };
        Self { database, store, clock, meter, api: orders_api::router(services, Identity::Header) }
    }

    /// The same tables over a connection that works.
    pub(crate) fn truth(&self) -> OrderingStore {
        OrderingStore::new(self.database.table("ordering"))
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        invoke(&self.api, method, path, None, body).await
    }

    pub(crate) async fn put(&self, item: &str, count: u64) {
        let item = item.parse().expect("a name");
        self.truth().put_stock(&item, count).await.expect("storage");
    }

    pub(crate) async fn stock(&self, item: &str) -> Stock {
        let item = item.parse().expect("a name");
        self.truth().stock(&item).await.expect("storage").expect("an item")
    }

    /// The id of an order that must be accepted.
    pub(crate) async fn order(&self, item: &str, qty: u32) -> String {
        let body = json!({ "item": item, "qty": qty, "student_id": "S1" });
        let (status, order) = self.call("POST", "/order", &body).await;
        assert_eq!(status, 201, "{order}");
        order["order_id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn status(&self, order: &str) -> OrderStatus {
        let id = order.parse().expect("an id");
        self.truth().order(&id).await.expect("storage").expect("an order").status
    }

    pub(crate) async fn set_status(&self, order: &str, status: &str) -> (u16, Value) {
        let path = format!("/orders/{order}/status");
        self.call("PATCH", &path, &json!({ "status": status })).await
    }

    /// All events of that queue so far, oldest first.
    pub(crate) async fn events(&self, queue: &'static str) -> Vec<Message> {
        drain(&relayed(&self.database, &table_name("ordering")).await, queue).await
    }

    pub(crate) fn inventory(&self) -> OnOrderPlaced {
        OnOrderPlaced { store: self.store.clone(), clock: Arc::new(self.clock.clone()) }
    }

    pub(crate) async fn reserve(&self, messages: &[Message]) -> Vec<Outcome> {
        self.inventory().handle_batch(&batch(messages)).await
    }

    pub(crate) async fn notify(&self, message: &Message) -> Outcome {
        let clock = Arc::new(self.clock.clone());
        OnInventoryReserved { store: self.store.clone(), clock }.handle(message).await
    }

    pub(crate) async fn resolve(&self, status: OrderStatus, message: &Message) -> Outcome {
        let clock = Arc::new(self.clock.clone());
        OnInventoryResult { store: self.store.clone(), clock, status }.handle(message).await
    }

    /// Delivers everything that was published so far, to everybody, as if for the first time.
    pub(crate) async fn deliver_all(&self) {
        let placed = self.events("order_placed").await;
        assert!(self.reserve(&placed).await.iter().all(|outcome| *outcome == Outcome::Done));
        for message in self.events("inventory_reserved").await {
            assert_eq!(self.notify(&message).await, Outcome::Done);
        }
        for (queue, status) in on_inventory_result::RESULTS {
            for message in self.events(queue.name).await {
                assert_eq!(self.resolve(status, &message).await, Outcome::Done);
            }
        }
    }

    pub(crate) async fn notifications(&self) -> usize {
        self.truth().notifications(None, 1_000, None).await.expect("storage").items.len()
    }

    pub(crate) fn clock_by(&self, by: Duration) -> Timestamp {
        self.clock.advance(by);
        self.clock.now()
    }
}

/// An order as a client of the broker publishes it that knows nothing of us.
pub(crate) fn placed_by_hand(order: &str, item: &str, qty: u32) -> Message {
    by_hand(&json!({ "order_id": order, "item": item, "qty": qty }))
}
