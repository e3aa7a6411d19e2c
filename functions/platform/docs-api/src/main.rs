use marquee_lambda::{Error, http, telemetry};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    http::run(docs_api::router()).await
}
