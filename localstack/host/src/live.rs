//! API Gateway's WebSocket API: who connects, speaks or goes becomes an event, and what functions post is
//! sent. As there, nothing can be posted to a connection before its `$connect` has been answered.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{
        ConnectInfo, Query, State,
        ws::{
            CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code,
            rejection::WebSocketUpgradeRejection,
        },
    },
    response::{IntoResponse, Response},
    routing::get,
};
use marquee_kernel::time::Clock;
use marquee_lambda::{
    clock::SystemClock,
    problem::{INTERNAL, MALFORMED_REQUEST, Problem},
    socket::{self, SocketHandler},
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{connections::Connections, gateway, sources::Stop};

/// Where clients connect.
pub const PATH: &str = "/live";

/// API Gateway's limit on a message.
const MESSAGE_BYTES_MAX: usize = 128 * 1024;

#[derive(Clone, Debug)]
struct Live {
    handler: Arc<dyn SocketHandler>,
    connections: Connections,
    stop: Stop,
    /// Held by each who is connected, until their end is dealt with.
    _open: mpsc::Sender<()>,
}

/// Returns when nobody is connected any more, once the router is gone.
#[derive(Debug)]
pub struct Closed(mpsc::Receiver<()>);

impl Closed {
    pub async fn wait(mut self) {
        while self.0.recv().await.is_some() {}
    }
}

pub fn router(
    handler: Arc<dyn SocketHandler>,
    connections: Connections,
    stop: Stop,
) -> (Router, Closed) {
    let (_open, closed) = mpsc::channel(1);
    let live = Live { handler, connections, stop, _open };
    (Router::new().route(PATH, get(connect)).with_state(live), Closed(closed))
}

async fn connect(
    State(live): State<Live>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(query): Query<HashMap<String, String>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            let detail = format!("connect with a WebSocket client: {rejection}");
            return Problem::new(&MALFORMED_REQUEST, detail).into_response();
        }
    };
    let client = Client { live, peer, id: Uuid::new_v4().to_string() };
    let mut event = client.event("$connect", "CONNECT");
    event["queryStringParameters"] = json!(query);
    let answer = client.invoke(event).await;
    match answer.map(|answer| (answer["statusCode"] == 200, gateway::response(answer))) {
        Some((true, _)) => upgrade
            .max_message_size(MESSAGE_BYTES_MAX)
            .on_upgrade(|socket| client.serve(socket))
            .into_response(),
        Some((false, Ok(refused))) => refused,
        _ => Problem::new(&INTERNAL, "the request failed on our side".into()).into_response(),
    }
}

/// Somebody who is connected.
struct Client {
    live: Live,
    peer: SocketAddr,
    id: String,
}

impl Client {
    async fn serve(self, mut socket: WebSocket) {
        let mut posted = self.live.connections.add(&self.id);
        let mut stop = self.live.stop.clone();
        loop {
            tokio::select! {
                Some(text) = posted.recv() => {
                    if socket.send(Message::Text(text.into())).await.is_err() {
                        break;
                    }
                }
                received = socket.recv() => match received {
                    Some(Ok(Message::Text(text))) => self.message(text.to_string()).await,
                    Some(Ok(Message::Binary(bytes))) => {
                        self.message(String::from_utf8_lossy(&bytes).into_owned()).await;
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                },
                () = stop.requested() => {
                    let reason = "the host stops; connect again".into();
                    let close = CloseFrame { code: close_code::AWAY, reason };
                    let _ = socket.send(Message::Close(Some(close))).await;
                    break;
                }
            }
        }
        self.live.connections.remove(&self.id);
        self.invoke(self.event("$disconnect", "DISCONNECT")).await;
    }

    async fn message(&self, body: String) {
        let mut event = self.event("$default", "MESSAGE");
        event["body"] = body.into();
        self.invoke(event).await;
    }

    /// What the function answers, which is of use only to who connects.
    async fn invoke(&self, event: Value) -> Option<Value> {
        let answer = socket::invoke(&*self.live.handler, event).await;
        answer.inspect_err(|error| tracing::error!(%error, "no answer from queue-socket")).ok()
    }

    fn event(&self, route: &str, kind: &str) -> Value {
        let now = SystemClock.now();
        json!({
            "requestContext": {
                "apiId": "local",
                "connectionId": self.id,
                "domainName": "localhost",
                "eventType": kind,
                "identity": { "sourceIp": self.peer.ip() },
                "requestId": Uuid::new_v4(),
                "requestTimeEpoch": now.millis(),
                "routeKey": route,
                "stage": "live",
            },
            "isBase64Encoded": false,
        })
    }
}
