use std::sync::Arc;

use marquee_dynamo::client::Table;
use marquee_lambda::{Error, broker::Broker, clock::SystemClock, config, consumer, telemetry};
use marquee_ordering::store::OrderingStore;
use on_order_placed::{OnOrderPlaced, QUEUE};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let broker = Broker::from_env(marquee_ordering::topology::PART).await?;
    let store = OrderingStore::new(Table::from_env(config::required("ORDERING_TABLE")?).await);
    let handler = OnOrderPlaced { store, clock: Arc::new(SystemClock) };
    consumer::run([broker.consumer(QUEUE, handler)?]).await
}
