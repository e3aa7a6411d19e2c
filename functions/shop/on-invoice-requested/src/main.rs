use std::sync::Arc;

use marquee_dynamo::client::Table;
use marquee_lambda::{Error, broker::Broker, clock::SystemClock, config, consumer, telemetry};
use marquee_shop::store::ShopStore;
use on_invoice_requested::{OnInvoiceRequested, QUEUE};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let broker = Broker::from_env(marquee_shop::topology::PART).await?;
    let store = ShopStore::new(Table::from_env(config::required("SHOP_TABLE")?).await);
    let handler = OnInvoiceRequested { store, clock: Arc::new(SystemClock) };
    consumer::run([broker.consumer(QUEUE, handler)?]).await
}
