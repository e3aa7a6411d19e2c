//! A function behind API Gateway's WebSocket API.
//!
//! What it answers to a `$connect` is who may connect. To the other routes it answers nothing: what a client
//! is to be told is posted to its connection, which works on API Gateway, its emulators and the host alike.

use std::{collections::HashMap, fmt::Debug};

use async_trait::async_trait;
use lambda_runtime::{LambdaEvent, service_fn};
use marquee_kernel::problem::{BUSY, INTERNAL, ProblemType};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Error;

/// Why something is not done, as a client is told: `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub kind: &'static ProblemType,
    pub detail: String,
}

impl Refusal {
    pub fn new(kind: &'static ProblemType, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    /// What to say of a failure on our side that may be tried again.
    pub fn busy() -> Self {
        Self::new(&BUSY, "storage is busy; try again in a moment")
    }

    /// Of one that is a defect. It has to be logged where it is found.
    pub fn internal() -> Self {
        Self::new(&INTERNAL, "the request failed on our side")
    }

    /// As any problem over HTTP.
    pub fn to_json(&self) -> Value {
        json!({
            "type": format!("/problems/{}", self.kind.slug),
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
        })
    }
}

#[async_trait]
pub trait SocketHandler: Debug + Send + Sync {
    /// Whether somebody may connect. Nothing can be posted to the connection before this has been answered.
    async fn connect(
        &self,
        connection: &str,
        query: &HashMap<String, String>,
    ) -> Result<(), Refusal>;

    /// A client has sent this.
    async fn message(&self, connection: &str, body: &str) -> Result<(), Refusal>;

    /// The connection is no more. A gateway may forget to say so.
    async fn disconnect(&self, connection: &str) -> Result<(), Refusal>;
}

/// What of API Gateway's event is read here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    request_context: Context,
    query_string_parameters: Option<HashMap<String, String>>,
    body: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    connection_id: String,
    event_type: EventType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum EventType {
    Connect,
    Message,
    Disconnect,
}

pub async fn run(handler: impl SocketHandler) -> Result<(), Error> {
    let handler = &handler;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        invoke(handler, event.payload).await
    }))
    .await
}

/// Answers one event, as the runtime would.
///
/// # Errors
/// If it is no event of a WebSocket API, or if a client who is connected could not be answered.
pub async fn invoke(handler: &dyn SocketHandler, event: Value) -> Result<Value, Error> {
    let Event { request_context, query_string_parameters, body } = serde_json::from_value(event)?;
    let Context { connection_id, event_type } = request_context;
    let done = match event_type {
        EventType::Connect => {
            handler.connect(&connection_id, &query_string_parameters.unwrap_or_default()).await
        }
        EventType::Message => handler.message(&connection_id, &body.unwrap_or_default()).await,
        EventType::Disconnect => handler.disconnect(&connection_id).await,
    };
    Ok(match done {
        Ok(()) => json!({ "statusCode": 200 }),
        // Nobody waits for this answer: as an error, it is counted.
        Err(refusal) if event_type != EventType::Connect => return Err(refusal.detail.into()),
        Err(refusal) => json!({
            "statusCode": refusal.kind.status,
            "headers": { "content-type": "application/problem+json" },
            "body": refusal.to_json().to_string(),
        }),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use marquee_kernel::problem::UNAUTHENTICATED;

    use super::*;

    #[derive(Debug, Default)]
    struct Calls(Mutex<Vec<String>>);

    impl Calls {
        fn note(&self, call: String) {
            self.0.lock().expect("a lock").push(call);
        }
    }

    #[async_trait]
    impl SocketHandler for Calls {
        async fn connect(
            &self,
            connection: &str,
            query: &HashMap<String, String>,
        ) -> Result<(), Refusal> {
            self.note(format!("{connection} connects with {query:?}"));
            match query.is_empty() {
                true => Err(Refusal::new(&UNAUTHENTICATED, "token is missing")),
                false => Ok(()),
            }
        }

        async fn message(&self, connection: &str, body: &str) -> Result<(), Refusal> {
            self.note(format!("{connection} says {body}"));
            Ok(())
        }

        async fn disconnect(&self, connection: &str) -> Result<(), Refusal> {
            self.note(format!("{connection} goes"));
            Ok(())
        }
    }

    fn event(kind: &str) -> Value {
        json!({ "requestContext": {
            "connectionId": "c=1", "eventType": kind, "routeKey": "$connect", "stage": "live",
        } })
    }

    #[tokio::test]
    async fn each_event_is_the_handlers_and_only_a_refusal_has_a_body() {
        let calls = Calls::default();
        let mut connect = event("CONNECT");
        connect["queryStringParameters"] = json!({ "token": "t" });
        let mut message = event("MESSAGE");
        message["body"] = json!("hello");
        for event in [connect, message, event("DISCONNECT")] {
            let answer = invoke(&calls, event).await.expect("an answer");
            assert_eq!(answer, json!({ "statusCode": 200 }));
        }
        let mut nothing = event("CONNECT");
        nothing["queryStringParameters"] = Value::Null;
        let refused = invoke(&calls, nothing).await.expect("an answer");
        assert_eq!(refused["statusCode"], 401);
        let body: Value =
            serde_json::from_str(refused["body"].as_str().expect("a body")).expect("json");
        assert_eq!(body["type"], "/problems/unauthenticated");
        assert_eq!(body["detail"], "token is missing");
        let expected = [
            r#"c=1 connects with {"token": "t"}"#,
            "c=1 says hello",
            "c=1 goes",
            "c=1 connects with {}",
        ];
        assert_eq!(*calls.0.lock().expect("a lock"), expected);
    }

    #[tokio::test]
    async fn what_is_no_such_event_is_an_error() {
        assert!(invoke(&Calls::default(), json!({})).await.is_err());
        assert!(invoke(&Calls::default(), event("OTHER")).await.is_err());
    }
}
