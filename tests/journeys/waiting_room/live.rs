//! Live updates over a WebSocket; and that nobody needs them.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message},
};

use crate::{
    harness::{EVENTUALLY, Marquee, text},
    target::Target,
    waiting_room::lobby::{Lobby, Visitor},
};

/// Of deployed systems, those of the one that most journeys run against.
fn url(marquee: &Marquee) -> String {
    match marquee.target {
        Target::Deployed(_) => marquee_testkit::server("MARQUEE_LIVE_URL"),
        Target::Memory | Target::RabbitMq => {
            format!("{}/live", marquee.base.replacen("http", "ws", 1))
        }
    }
}

/// A client who is connected.
struct Live(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Live {
    /// The status of the response, if the client is refused.
    async fn connect(marquee: &Marquee, query: &str) -> Result<Self, u16> {
        match connect_async(format!("{}{query}", url(marquee))).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("no answer: {error}"),
        }
    }

    async fn of(lobby: &Lobby<'_>, visitor: &Visitor) -> Self {
        let token = text(&lobby.entry(visitor).await["socket_token"]);
        Self::with(lobby, &token).await
    }

    async fn with(lobby: &Lobby<'_>, token: &str) -> Self {
        Self::connect(lobby.marquee, &format!("?token={token}")).await.expect("connected")
    }

    /// Waits for something of this type, and passes over what else is sent meanwhile.
    async fn next(&mut self, kind: &str) -> Value {
        let next = async {
            while let Some(message) = self.0.next().await {
                if let Message::Text(text) = message.expect("a message") {
                    let sent: Value = serde_json::from_str(&text).expect("json");
                    if sent["type"] == kind {
                        return Some(sent);
                    }
                }
            }
            None
        };
        let next = timeout(EVENTUALLY, next).await;
        next.ok().flatten().unwrap_or_else(|| panic!("never {kind}"))
    }

    /// What the visitor's entry says.
    async fn look(&mut self) -> Value {
        let look = json!({ "action": "look" }).to_string();
        self.0.send(Message::text(look)).await.expect("sent");
        self.next("entry").await["entry"].clone()
    }

    async fn await_turn(&mut self, visitor: &Visitor) {
        let told = self.next("your_turn").await;
        assert_eq!(told, json!({ "type": "your_turn", "entry_id": visitor.entry }));
    }

    async fn close(mut self) {
        self.0.close(None).await.expect("closed");
    }
}

#[tokio::test]
async fn who_has_no_good_token_cannot_connect() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(5, json!({})).await;
    let visitor = lobby.visitor().await;
    let pass = lobby.pass(&visitor).await;
    let token = text(&lobby.entry(&visitor).await["socket_token"]);
    let altered = token.replacen('.', ".A", 1);
    for query in ["", "?token=", "?token=a.b.c"].map(str::to_owned).into_iter().chain([
        format!("?token={altered}"),
        format!("?token={pass}"),
        format!("?other={token}"),
    ]) {
        let refused = Live::connect(&marquee, &query).await.err();
        // Some gateways have a status of their own for all who are refused.
        assert!(matches!(refused, Some(401 | 403)), "{query}: {refused:?}");
    }
    let seats = [lobby.seats[0].as_str()];
    lobby.reserve(visitor.user, &token, &seats).await.problem(403, "pass-required");
}

#[tokio::test]
async fn a_look_is_answered_as_a_request_is() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(5, json!({ "capacity": 0, "message": "Soon." })).await;
    let visitors = lobby.visitors(2).await;
    for (visitor, position) in visitors.iter().zip(1..) {
        // Whoever asks may be told of a room as it was a second ago.
        lobby.await_entry(visitor, "message", "Soon.").await;
        let mut asked = lobby.await_entry(visitor, "position", position).await;
        let mut live = Live::of(&lobby, visitor).await;
        let mut seen = live.look().await;
        for entry in [&mut asked, &mut seen] {
            let token = entry.as_object_mut().expect("fields").remove("socket_token");
            assert!(token.is_some_and(|token| token.is_string()));
        }
        assert_eq!(seen, asked);
        live.close().await;
    }
}

#[tokio::test]
async fn whoever_is_let_in_is_told_at_once_in_all_their_windows() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(5, json!({ "capacity": 1 })).await;
    let first = lobby.visitor().await;
    let reservation = lobby.hold(&first, &lobby.seats[0]).await;
    let (second, third) = (lobby.visitor().await, lobby.visitor().await);
    let mut windows = [Live::of(&lobby, &second).await, Live::of(&lobby, &second).await];
    let mut others = Live::of(&lobby, &third).await;
    for live in windows.iter_mut().chain([&mut others]) {
        assert_eq!(live.look().await["status"], "waiting");
    }
    // By what booking tells.
    lobby.cancel(&first, &reservation).await;
    for live in &mut windows {
        live.await_turn(&second).await;
    }
    let entry = windows[0].look().await;
    assert_eq!(entry["status"], "admitted", "{entry}");
    lobby.reserve(second.user, &text(&entry["pass"]), &[&lobby.seats[1]]).await.expect(201);
    assert_eq!(others.look().await["status"], "waiting");
    // By the schedule.
    lobby.set_up(&json!({ "capacity": 2 })).await.expect(200);
    others.await_turn(&third).await;
}

#[tokio::test]
async fn those_who_are_connected_are_told_how_far_the_line_has_come() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(5, json!({ "capacity": 1 })).await;
    let inside = lobby.visitor().await;
    lobby.pass(&inside).await;
    let mut live = Live::of(&lobby, &lobby.visitor().await).await;
    let mut status = live.next("status").await["status"].clone();
    while status["serving"] != 1 {
        status = live.next("status").await["status"].clone();
    }
    let mut asked = lobby.status().await;
    for status in [&mut status, &mut asked] {
        // It fades from second to second.
        status.as_object_mut().expect("fields").remove("rate_per_minute");
    }
    assert_eq!(status, asked);
    lobby.set_up(&json!({ "capacity": 1, "message": "Patience." })).await.expect(200);
    while status["message"] != "Patience." {
        status = live.next("status").await["status"].clone();
    }
}

#[tokio::test]
async fn who_was_cut_off_connects_again_and_has_missed_nothing() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(5, json!({ "capacity": 0 })).await;
    let visitor = lobby.visitor().await;
    let token = text(&lobby.await_entry(&visitor, "position", 1).await["socket_token"]);
    let mut live = Live::with(&lobby, &token).await;
    let before = live.look().await;
    // Without a word.
    drop(live);
    let mut live = Live::with(&lobby, &token).await;
    let after = live.look().await;
    assert_eq!((&after["slot"], &after["position"]), (&before["slot"], &before["position"]));
    drop(live);
    lobby.set_up(&json!({ "capacity": 1 })).await.expect(200);
    lobby.pass(&visitor).await;
    let mut live = Live::with(&lobby, &token).await;
    let entry = live.look().await;
    assert_eq!(entry["status"], "admitted", "{entry}");
    lobby.reserve(visitor.user, &text(&entry["pass"]), &[&lobby.seats[0]]).await.expect(201);
}

#[tokio::test]
async fn who_closes_the_connection_and_asks_is_told_the_same() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(5, json!({ "capacity": 1 })).await;
    let first = lobby.visitor().await;
    let reservation = lobby.hold(&first, &lobby.seats[0]).await;
    let second = lobby.visitor().await;
    let mut live = Live::of(&lobby, &second).await;
    assert_eq!(live.look().await["status"], "waiting");
    live.close().await;
    lobby.cancel(&first, &reservation).await;
    let pass = lobby.pass(&second).await;
    lobby.reserve(second.user, &pass, &[&lobby.seats[1]]).await.expect(201);
    lobby.await_status("serving", 2).await;
}
