//! How those who are connected by a WebSocket are told that it stops.

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, protocol::frame::coding::CloseCode},
};
use uuid::Uuid;

use crate::{Process, lifecycle::ended};

#[tokio::test]
async fn who_is_connected_does_not_keep_it_from_stopping_and_is_told() {
    let mut host = Process::start(&[], &[]);
    let room = host.room().await;
    let (path, user) = (format!("{room}/entries"), Uuid::new_v4());
    let (status, entry) = host.call(Method::POST, &path, user, &json!({})).await;
    assert_eq!(status, 202, "{entry}");
    let token = entry["socket_token"].as_str().expect("a token");
    let live = format!("{}/live", host.base);
    // Somebody who comes without a WebSocket.
    let (status, problem) = host.call(Method::GET, "/live", user, &Value::Null).await;
    assert_eq!((status, &problem["type"]), (400, &json!("/problems/malformed-request")));

    let url = format!("{}?token={token}", live.replacen("http", "ws", 1));
    let (mut connection, _) = connect_async(url).await.expect("connected");
    host.signal("-TERM");
    let close = loop {
        let message = connection.next().await.expect("a message").expect("a message");
        if let Message::Close(close) = message {
            break close;
        }
    };
    assert_eq!(close.map(|close| close.code), Some(CloseCode::Away));
    drop(connection);
    assert!(ended(&mut host).success());
}
