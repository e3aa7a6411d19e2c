use marquee_booking::store::BookingStore;
use marquee_dynamo::client::Table;
use marquee_lambda::{Error, broker::Broker, clock::SystemClock, config, schedule, telemetry};
use reconcile_outbox::{Limits, run};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let publisher = Broker::from_env(marquee_booking::topology::PART).await?.publisher()?;
    let store = BookingStore::new(Table::from_env(config::required("BOOKING_TABLE")?).await);
    let limits = Limits::from_env()?;
    schedule::run(|| run(&store, publisher.as_ref(), &SystemClock, limits)).await
}
