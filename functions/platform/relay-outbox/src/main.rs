use marquee_lambda::{Error, telemetry};

/// Publishing needs a broker that is outside this process. The RabbitMQ and SNS backends are not
/// part of this version, so a deployed relay refuses to start rather than lose events.
#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    Err("this version has no broker backend for a deployed relay: run the host instead".into())
}
