//! What DynamoDB answers, and the words in which it refuses.

use serde_json::{Value, json};

use crate::mix::Fault;

/// What it says: the HTTP status, and the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    /// What made it say so, if a world without that fault had been told something else.
    pub struck: Vec<Fault>,
}

impl Answer {
    pub fn new(status: u16, body: String) -> Self {
        Self { status, body, struck: Vec::new() }
    }

    #[must_use]
    pub fn because_of(mut self, fault: Option<Fault>) -> Self {
        self.struck.extend(fault);
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The name of the exception; empty for a success.
    pub fn error(&self) -> String {
        let json = self.json();
        let name = json["__type"].as_str().and_then(|name| name.rsplit('#').next());
        name.unwrap_or_default().to_owned()
    }
}

/// Why one item of a transaction was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Conflict,
    Throttled,
}

impl Reason {
    pub fn json(self) -> Value {
        let (code, message) = match self {
            Self::Conflict => ("TransactionConflict", "Transaction is ongoing for the item"),
            Self::Throttled => ("ThrottlingError", TABLE_BUSY),
        };
        json!({ "Code": code, "Message": message })
    }
}

const TABLE_BUSY: &str = "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically \
     scaling your table or index so please try again shortly. If exceptions persist, check if you have a hot key";

fn refusal(name: &str, message: &str) -> Value {
    json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": message })
}

fn answer(json: &Value) -> Answer {
    Answer::new(400, json.to_string())
}

pub fn invalid(message: &str) -> Answer {
    answer(
        &json!({ "__type": "com.amazon.coral.validate#ValidationException", "message": message }),
    )
}

/// A request that DynamoDB does not even read.
pub fn too_large() -> Answer {
    Answer::new(413, refusal("RequestEntityTooLarge", "Request size exceeds 16 MB").to_string())
}

/// A single write meets a transaction.
pub fn conflict() -> Answer {
    answer(&refusal("TransactionConflictException", "Transaction is ongoing for the item"))
}

/// A transaction; one reason for each of its items.
pub fn cancelled(reasons: &[Value]) -> Answer {
    let codes: Vec<_> = reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    answer(&json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": message,
        "CancellationReasons": reasons,
    }))
}

pub fn in_progress() -> Answer {
    answer(&refusal(
        "TransactionInProgressException",
        "The transaction with the given request token is already in progress.",
    ))
}

pub fn other_parameters() -> Answer {
    answer(&refusal(
        "IdempotentParameterMismatchException",
        "Retried a request with a different payload but with an idempotent token that was already used.",
    ))
}

/// `reason` is what `ThrottlingReasons` says, such as `TableWriteKeyRangeThroughputExceeded`.
fn throttled(name: &str, message: &str, reason: &str, resource: &str) -> Answer {
    let mut refused = refusal(name, message);
    refused["ThrottlingReasons"] = json!([{ "reason": reason, "resource": resource }]);
    answer(&refused)
}

/// A partition key value has too much to do.
pub fn hot_key(reason: &str, resource: &str) -> Answer {
    let message = "The level of configured provisioned throughput for the table was exceeded.";
    throttled("ProvisionedThroughputExceededException", message, reason, resource)
}

/// A table, or an index, has more to do than it is made for yet.
pub fn busy_table(reason: &str, resource: &str) -> Answer {
    throttled("ThrottlingException", TABLE_BUSY, reason, resource)
}

/// The account's quota for each table.
pub fn over_quota(reason: &str, resource: &str) -> Answer {
    let message = "Throughput exceeds the current throughput limit for your account.";
    throttled("RequestLimitExceeded", message, reason, resource)
}
