use std::sync::Arc;

use marquee_dynamo::client::Table;
use marquee_lambda::{Error, clock::SystemClock, config, http, identity::Identity, telemetry};
use marquee_ordering::store::OrderingStore;
use orders_api::{AppState, orders_per_minute_max_from_env, router};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let app = AppState {
        store: OrderingStore::new(Table::from_env(config::required("ORDERING_TABLE")?).await),
        clock: Arc::new(SystemClock),
        orders_per_minute_max: orders_per_minute_max_from_env()?,
    };
    http::run(router(app, Identity::from_env()?)).await
}
