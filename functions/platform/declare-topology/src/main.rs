use declare_topology::{Patience, handle};
use lambda_runtime::{LambdaEvent, service_fn};
use marquee_lambda::{
    Error, broker::rabbitmq_from_env, config, consumer::retry_from_env, telemetry,
};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let (rabbitmq, retry) = (rabbitmq_from_env(marquee_contexts::topology())?, retry_from_env()?);
    let environment = config::required("ENVIRONMENT")?;
    let (rabbitmq, environment) = (&rabbitmq, environment.as_str());
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| async move {
        handle(rabbitmq, environment, retry, Patience::STANDARD, event.payload).await
    }))
    .await
}
