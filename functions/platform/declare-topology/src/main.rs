use declare_topology::{Patience, handle};
use lambda_runtime::{LambdaEvent, service_fn};
use marquee_lambda::{Error, broker::rabbitmq_from_env, consumer::retry_from_env, telemetry};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let (rabbitmq, retry) = (rabbitmq_from_env()?, retry_from_env()?);
    let rabbitmq = &rabbitmq;
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| async move {
        handle(rabbitmq, retry, Patience::STANDARD, event.payload).await
    }))
    .await
}
