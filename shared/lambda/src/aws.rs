//! What clients of SNS, SQS, Secrets Manager and API Gateway have in common. DynamoDB's has rules of its own, in
//! `marquee-dynamo`.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, timeout::TimeoutConfig};

/// A request that takes longer has lost its connection, as after a freeze; the SDK tries twice more.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);

/// The endpoint, region and credentials of the environment.
pub(crate) async fn config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts).load().await
}
