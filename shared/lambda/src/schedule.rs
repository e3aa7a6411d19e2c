//! A scheduled function: the event says nothing but "now".

use std::{fmt::Debug, future::Future};

use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;

use crate::Error;

/// What a run of a job did.
pub trait Report: Serialize + Debug {
    /// How much of it failed. A run with failures is an error, which CloudWatch counts and alarms tell
    /// of; what it did is done all the same.
    fn failed(&self) -> usize;
}

/// Runs `job` at each tick; its report is logged, and is the answer if nothing failed.
pub async fn run<J, F, R, E>(job: J) -> Result<(), Error>
where
    J: Fn() -> F,
    F: Future<Output = Result<R, E>>,
    R: Report,
    E: Into<Error>,
{
    let job = &job;
    lambda_runtime::run(service_fn(|_: LambdaEvent<Value>| async move {
        let report = job().await.map_err(Into::into)?;
        tracing::info!(?report, "done");
        answer(report)
    }))
    .await
}

fn answer<R: Report>(report: R) -> Result<R, Error> {
    match report.failed() {
        0 => Ok(report),
        _ => Err(format!("a part of the run failed: {report:?}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize)]
    struct Failed(usize);

    impl Report for Failed {
        fn failed(&self) -> usize {
            self.0
        }
    }

    #[test]
    fn a_run_of_which_a_part_failed_is_an_error_that_says_what_it_did() {
        assert!(answer(Failed(0)).is_ok());
        let error = answer(Failed(3)).expect_err("an error").to_string();
        assert!(error.contains("Failed(3)"), "{error}");
    }
}
