use aggregator_api::{AppState, router};
use marquee_dynamo::client::Table;
use marquee_lambda::{Error, config, http, identity::Identity, telemetry};
use marquee_shop::store::ShopStore;

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let app =
        AppState { store: ShopStore::new(Table::from_env(config::required("SHOP_TABLE")?).await) };
    http::run(router(app, Identity::from_env()?)).await
}
