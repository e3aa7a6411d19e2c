use marquee_booking::store::BookingStore;
use marquee_dynamo::client::Table;
use marquee_lambda::{Error, broker::Broker, clock::SystemClock, config, consumer, telemetry};
use on_reservation_event::{OnReservationEvent, QUEUE};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let broker = Broker::from_env(marquee_booking::topology::PART).await?;
    let store = BookingStore::new(Table::from_env(config::required("BOOKING_TABLE")?).await);
    let clock = std::sync::Arc::new(SystemClock);
    consumer::run([broker.consumer(QUEUE, OnReservationEvent { store, clock })?]).await
}
