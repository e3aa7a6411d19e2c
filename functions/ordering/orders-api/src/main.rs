use std::sync::Arc;

use marquee_dynamo::client::Table;
use marquee_lambda::{Error, clock::SystemClock, config, http, telemetry};
use marquee_ordering::store::OrderingStore;
use orders_api::{AppState, router};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let store = OrderingStore::new(Table::from_env(config::required("ORDERING_TABLE")?).await);
    http::run(router(AppState { store, clock: Arc::new(SystemClock) })).await
}
