//! Ordering, deployed here.

pub mod demo;

use marquee_lambda::{Error, route::Api};
use marquee_ordering::store::OrderingStore;
use on_inventory_reserved::OnInventoryReserved;
use on_inventory_result::OnInventoryResult;
use on_order_placed::OnOrderPlaced;

use super::{Deployed, Environment, HttpFunction};

pub(super) const APIS: &[Api] = &[orders_api::API];

pub(super) async fn load_demo(environment: Environment<'_>) -> Result<(), Error> {
    demo::load(&OrderingStore::new(environment.table("ordering"))).await
}

pub(super) fn deploy(environment: Environment<'_>) -> Deployed {
    let store = OrderingStore::new(environment.table("ordering"));
    let clock = environment.clock();
    let orders = orders_api::AppState {
        store: store.clone(),
        clock: clock.clone(),
        orders_per_minute_max: environment.settings.orders_per_minute_max,
    };
    let on_order_placed = OnOrderPlaced { store: store.clone(), clock: clock.clone() };
    let on_inventory_reserved = OnInventoryReserved { store: store.clone(), clock: clock.clone() };
    let on_inventory_result = on_inventory_result::RESULTS.map(|(queue, status)| {
        let (store, clock) = (store.clone(), clock.clone());
        environment.consumer(queue, OnInventoryResult { store, clock, status })
    });
    let mut consumers = vec![
        environment.consumer(on_order_placed::QUEUE, on_order_placed),
        environment.consumer(on_inventory_reserved::QUEUE, on_inventory_reserved),
    ];
    consumers.extend(on_inventory_result);
    Deployed {
        http: vec![HttpFunction {
            api: orders_api::API,
            router: orders_api::router(orders, environment.identity()),
        }],
        consumers,
        scheduled: Vec::new(),
    }
}
