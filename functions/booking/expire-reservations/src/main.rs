use expire_reservations::{Limits, run};
use marquee_booking::store::BookingStore;
use marquee_dynamo::client::Table;
use marquee_lambda::{Error, clock::SystemClock, config, schedule, telemetry};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let store = BookingStore::new(Table::from_env(config::required("BOOKING_TABLE")?).await);
    let limits = Limits::from_env()?;
    schedule::run(|| run(&store, &SystemClock, limits)).await
}
