//! Batch requests: which failures stay, and a request that is refused as a whole.

use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use super::queue::unconfirmed;
use crate::publisher::PublishError;

/// What SNS and SQS take in one request.
pub(super) const ENTRIES_MAX: usize = 10;

/// A message's index in the caller's batch, and what came of it.
pub(super) type Sent = (usize, Result<(), PublishError>);

/// Codes of a request that is refused for what is in it, however often it is sent.
const REFUSALS: [&str; 7] = [
    "InvalidParameter",
    "ParameterValueInvalid",
    "InvalidParameterValue",
    "InvalidMessageContents",
    "ValidationError",
    "ValidationException",
    "BatchRequestTooLong",
];

/// Why a request failed as a whole.
pub(super) fn request_error<E, R>(error: SdkError<E, R>) -> PublishError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let code = error.code().unwrap_or_default();
    let code = code.rsplit(['.', '#']).next().unwrap_or_default();
    // A wrong topic is a wrong setting: no message is to blame, and none is to be given up.
    let of_topic = error.message().is_some_and(|message| message.contains("TopicArn"));
    match REFUSALS.contains(&code) && !of_topic {
        true => PublishError::Refused(DisplayErrorContext(error).to_string()),
        false => unconfirmed(DisplayErrorContext(error)),
    }
}

/// Why an entry failed in a request that did not.
pub(super) fn entry_error(code: &str, message: Option<&str>, sender_fault: bool) -> PublishError {
    let why = format!("{code}: {}", message.unwrap_or("no reason given"));
    // Whoever sends too fast is at fault as well, but not for good.
    match sender_fault && !code.contains("Throttl") {
        true => PublishError::Refused(why),
        false => PublishError::Unconfirmed(why),
    }
}

/// Sends a group by `send`. A request that is refused as a whole is split in halves, until whatever
/// it is refused for is alone.
pub(super) async fn send_split<F>(group: Vec<usize>, send: impl Fn(Vec<usize>) -> F) -> Vec<Sent>
where
    F: Future<Output = Result<Vec<Sent>, PublishError>>,
{
    let mut sent = Vec::with_capacity(group.len());
    let mut groups = vec![group];
    while let Some(group) = groups.pop() {
        match send(group.clone()).await {
            Ok(results) => sent.extend(results),
            Err(PublishError::Refused(_)) if group.len() > 1 => {
                let (first, second) = group.split_at(group.len() / 2);
                groups.extend([first.to_vec(), second.to_vec()]);
            }
            Err(error) => sent.extend(group.into_iter().map(|index| (index, Err(error.clone())))),
        }
    }
    sent
}
