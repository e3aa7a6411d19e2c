use std::sync::Arc;

use marquee_dynamo::client::Table;
use marquee_lambda::{
    Error, clock::SystemClock, config, payments::PaymentSettings, schedule, telemetry,
};
use marquee_shop::store::ShopStore;
use process_invoices::{Limits, Processor, run};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let table = Table::from_env(config::required("SHOP_TABLE")?).await;
    let processor = Processor {
        payments: PaymentSettings::from_env().await?.on(table.clone()),
        store: ShopStore::new(table),
        clock: Arc::new(SystemClock),
    };
    let limits = Limits::from_env()?;
    schedule::run(|| run(&processor, limits)).await
}
