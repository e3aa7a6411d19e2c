use marquee_lambda::{Error, config, http, telemetry};
use marquee_store::{dynamo::Table, members::MembersStore};
use members_api::{Services, router};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let store = MembersStore::new(Table::from_env(config::required("MEMBERS_TABLE")?).await);
    http::run(router(Services { store })).await
}
