use std::sync::Arc;

use marquee_lambda::{Error, clock::SystemClock, config, http, telemetry};
use marquee_store::{dynamo::Table, ordering::OrderingStore};
use orders_api::{Services, router};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let store = OrderingStore::new(Table::from_env(config::required("ORDERING_TABLE")?).await);
    http::run(router(Services { store, clock: Arc::new(SystemClock) })).await
}
