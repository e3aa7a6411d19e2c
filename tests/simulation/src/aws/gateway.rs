//! API Gateway: clients' calls, on a network where they get lost and answers with them.

use std::{net::SocketAddr, rc::Rc, time::Duration};

use axum::{
    body::Bytes,
    http::{Request, Response},
};
use marquee_host::gateway;
use marquee_kernel::time::Clock;
use marquee_lambda::http;
use serde_json::Value;
use uuid::Uuid;

use crate::{aws::lambda::Lambda, clock::WorldClock, faults::Faults, mix::Fault};

/// After which API Gateway gives up.
const TIMEOUT: Duration = Duration::from_secs(29);

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub status: u16,
    /// Null if it is no JSON.
    pub body: Value,
}

impl Reply {
    /// The text of a field.
    pub fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_default()
    }

    /// The kind of problem, the last part of its `type`.
    pub fn problem(&self) -> &str {
        self.text("type").rsplit('/').next().unwrap_or_default()
    }
}

/// A call that a client makes.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub user: Option<Uuid>,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: Value,
}

#[derive(Clone, Debug)]
pub struct Gateway {
    pub lambda: Rc<Lambda>,
    pub faults: Faults,
    pub clock: WorldClock,
}

impl Gateway {
    /// `None` if nobody knows what became of the call: it was lost, it was not answered, or the answer
    /// is one of the gateway's own (5xx).
    pub async fn call(&self, call: &Call<'_>) -> Option<Reply> {
        let chance = &self.faults.chance;
        tokio::time::sleep(chance.millis(1, 60)).await;
        let Call { method, path, .. } = call;
        if self.faults.strike(Fault::CallLost) {
            return None;
        }
        let reply = self.forward(call).await;
        let status = reply.as_ref().map_or(504, |reply| reply.status);
        self.faults.journal.write(&format!("{method} {path} {} -> {status}", call.body));
        if self.faults.strike(Fault::CallUnanswered) {
            return None;
        }
        reply.filter(|reply| reply.status < 500)
    }

    async fn forward(&self, call: &Call<'_>) -> Option<Reply> {
        let deployed = self.lambda.environment();
        let functions = &deployed.functions.http;
        let path = call.path.split('?').next().unwrap_or_default();
        let (function, route) = gateway::route(functions, path).expect("a function at that path");
        let event = self.event(call, &route.key());
        let name = function.api.name;
        let answer = self.lambda.invoke(name, TIMEOUT, |environment| async move {
            let function =
                environment.functions.http.iter().find(|function| function.api.name == name);
            http::invoke(function?.router.clone(), event).await.ok()
        });
        reply(gateway::response(answer.await??).ok()?).await
    }

    fn event(&self, call: &Call<'_>, route: &str) -> Value {
        let mut request = Request::builder()
            .method(call.method)
            .uri(call.path)
            .header("content-type", "application/json");
        if let Some(user) = call.user {
            request = request.header("x-user-id", user.to_string());
        }
        for (name, value) in call.headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let body = match &call.body {
            Value::Null => Bytes::new(),
            body => Bytes::from(body.to_string()),
        };
        let peer = SocketAddr::from(([192, 0, 2, 1], 443));
        gateway::event(&parts, body, route, peer, self.clock.now())
    }
}

async fn reply(response: Response<axum::body::Body>) -> Option<Reply> {
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.ok()?;
    Some(Reply { status, body: serde_json::from_slice(&body).unwrap_or_default() })
}
