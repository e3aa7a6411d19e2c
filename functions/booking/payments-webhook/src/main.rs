use marquee_lambda::{Error, http, telemetry};
use payments_webhook::{AppState, router};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let app = AppState::from_env().await?;
    http::run(router(app)).await
}
