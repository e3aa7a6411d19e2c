use marquee_dynamo::client::Table;
use marquee_lambda::{Error, broker::Broker, clock::SystemClock, config, schedule, telemetry};
use marquee_shop::store::ShopStore;
use retry_carts::{Limits, run};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let publisher = Broker::from_env(marquee_shop::topology::PART).await?.publisher()?;
    let store = ShopStore::new(Table::from_env(config::required("SHOP_TABLE")?).await);
    let limits = Limits::from_env()?;
    schedule::run(|| run(&store, publisher.as_ref(), &SystemClock, limits)).await
}
