//! A visitor's connection, over which they are told that it is their turn.

use futures_util::StreamExt;
use marquee_lambda::Error;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

#[derive(Debug)]
pub struct Live(Box<WebSocketStream<MaybeTlsStream<TcpStream>>>);

impl Live {
    /// With the entry's token.
    ///
    /// # Errors
    /// If nobody answers there, or the token is refused.
    pub async fn connect(url: &str, token: &str) -> Result<Self, Error> {
        let (stream, _) = connect_async(format!("{url}?token={token}")).await?;
        Ok(Self(Box::new(stream)))
    }

    /// Returns when it is the visitor's turn; `false` if the connection was cut before.
    pub async fn your_turn(&mut self) -> bool {
        while let Some(Ok(message)) = self.0.next().await {
            let Message::Text(text) = message else { continue };
            let told: Value = serde_json::from_str(&text).unwrap_or_default();
            if told["type"] == "your_turn" {
                return true;
            }
        }
        false
    }
}
