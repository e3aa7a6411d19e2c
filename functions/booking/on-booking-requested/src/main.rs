use std::sync::Arc;

use marquee_booking::store::{BookingStore, holds::HoldPolicy};
use marquee_dynamo::client::Table;
use marquee_lambda::{Error, broker::Broker, clock::SystemClock, config, consumer, telemetry};
use on_booking_requested::{OnBookingRequested, QUEUE, topology};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let broker = Broker::from_env(topology()).await?;
    let handler = OnBookingRequested {
        store: BookingStore::new(Table::from_env(config::required("BOOKING_TABLE")?).await),
        publisher: broker.publisher()?,
        policy: HoldPolicy::read(config::seconds_or, config::number_or)?,
        clock: Arc::new(SystemClock),
    };
    consumer::run([broker.consumer(QUEUE, handler)?]).await
}
