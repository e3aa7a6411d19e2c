//! A scheduled function: the event says nothing but "now".

use std::{fmt::Debug, future::Future};

use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;

use crate::Error;

/// Runs `job` at each tick; its report is the answer and is logged.
pub async fn run<J, F, R, E>(job: J) -> Result<(), Error>
where
    J: Fn() -> F,
    F: Future<Output = Result<R, E>>,
    R: Serialize + Debug,
    E: Into<Error>,
{
    let job = &job;
    lambda_runtime::run(service_fn(|_: LambdaEvent<Value>| async move {
        let report = job().await.map_err(Into::into)?;
        tracing::info!(?report, "done");
        Ok::<_, Error>(report)
    }))
    .await
}
