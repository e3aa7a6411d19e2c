use marquee_lambda::{Error, http, telemetry};
use sessions_api::{Services, router};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let services = Services::from_env().await?;
    http::run(router(services)).await
}
