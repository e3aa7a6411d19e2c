use marquee_dynamo::client::Table;
use marquee_lambda::{Error, config, http, identity::Identity, telemetry};
use marquee_members::store::MembersStore;
use members_api::{AppState, router};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let store = MembersStore::new(Table::from_env(config::required("MEMBERS_TABLE")?).await);
    http::run(router(AppState { store }, Identity::from_env()?)).await
}
