use marquee_lambda::{Error, http, identity::Identity, telemetry};
use reservations_api::{AppState, router};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let app = AppState::from_env().await?;
    http::run(router(app, Identity::from_env()?)).await
}
