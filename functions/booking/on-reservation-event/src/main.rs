use marquee_lambda::{Error, clock::SystemClock, config, consumer, telemetry};
use marquee_store::{booking::BookingStore, dynamo::Table};
use on_reservation_event::OnReservationEvent;

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let store = BookingStore::new(Table::from_env(config::required("BOOKING_TABLE")?).await);
    store.warm_up().await;
    let clock = std::sync::Arc::new(SystemClock);
    consumer::run(OnReservationEvent { store, clock }, None).await
}
