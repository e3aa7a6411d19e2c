use std::sync::Arc;

use marquee_dynamo::client::Table;
use marquee_lambda::{Error, broker::Broker, clock::SystemClock, config, consumer, telemetry};
use marquee_ordering::store::OrderingStore;
use on_inventory_result::{OnInventoryResult, RESULTS};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let broker = Broker::from_env(marquee_ordering::topology::PART).await?;
    let store = OrderingStore::new(Table::from_env(config::required("ORDERING_TABLE")?).await);
    let handler =
        |status| OnInventoryResult { store: store.clone(), clock: Arc::new(SystemClock), status };
    let [(reserved, is_reserved), (failed, has_failed)] = RESULTS;
    consumer::run([
        broker.consumer(reserved, handler(is_reserved))?,
        broker.consumer(failed, handler(has_failed))?,
    ])
    .await
}
