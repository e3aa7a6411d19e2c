use marquee_dynamo::client::Table;
use marquee_lambda::{Error, broker::Broker, clock::SystemClock, config, schedule, telemetry};
use marquee_ordering::store::OrderingStore;
use reconcile_orders::{Limits, run};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let publisher = Broker::from_env(marquee_ordering::topology::PART).await?.publisher()?;
    let store = OrderingStore::new(Table::from_env(config::required("ORDERING_TABLE")?).await);
    let limits = Limits::from_env()?;
    schedule::run(|| run(&store, publisher.as_ref(), &SystemClock, limits)).await
}
