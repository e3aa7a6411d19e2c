use std::sync::Arc;

use marquee_lambda::{Error, broker::Broker, clock::SystemClock, config, consumer, telemetry};
use marquee_store::{dynamo::Table, ordering::OrderingStore};
use on_order_placed::{OnOrderPlaced, QUEUE};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let broker = Broker::from_env().await?;
    let store = OrderingStore::new(Table::from_env(config::required("ORDERING_TABLE")?).await);
    let handler = OnOrderPlaced { store, clock: Arc::new(SystemClock) };
    consumer::run([broker.consumer(QUEUE, handler)?]).await
}
