use std::sync::Arc;

use marquee_booking::{checkout::Checkout, store::BookingStore};
use marquee_dynamo::client::Table;
use marquee_lambda::{
    Error, clock::SystemClock, config, payments::PaymentSettings, schedule, telemetry,
};
use settle_payments::{Limits, run};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let table = Table::from_env(config::required("BOOKING_TABLE")?).await;
    let checkout = Checkout {
        payments: PaymentSettings::from_env().await?.on(table.clone()),
        store: BookingStore::new(table),
        clock: Arc::new(SystemClock),
    };
    let limits = Limits::from_env()?;
    schedule::run(|| run(&checkout, limits)).await
}
