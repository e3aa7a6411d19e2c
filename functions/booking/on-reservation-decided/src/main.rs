use std::sync::Arc;

use marquee_booking::{checkout::Checkout, store::BookingStore};
use marquee_dynamo::client::Table;
use marquee_lambda::{
    Error, broker::Broker, clock::SystemClock, config, consumer, payments::PaymentSettings,
    telemetry,
};
use on_reservation_decided::{OnReservationDecided, QUEUE};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let broker = Broker::from_env(marquee_booking::topology::PART).await?;
    let table = Table::from_env(config::required("BOOKING_TABLE")?).await;
    let checkout = Checkout {
        payments: PaymentSettings::from_env().await?.on(table.clone()),
        store: BookingStore::new(table),
        clock: Arc::new(SystemClock),
    };
    consumer::run([broker.consumer(QUEUE, OnReservationDecided { checkout })?]).await
}
