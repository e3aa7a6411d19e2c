use marquee_lambda::{Error, broker::Broker, clock::SystemClock, config, schedule, telemetry};
use marquee_store::{booking::BookingStore, dynamo::Table};
use reconcile_outbox::{Limits, run};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let publisher = Broker::from_env().await?.publisher()?;
    let store = BookingStore::new(Table::from_env(config::required("BOOKING_TABLE")?).await);
    let limits = Limits::from_env()?;
    schedule::run(|| run(&store, publisher.as_ref(), &SystemClock, limits)).await
}
