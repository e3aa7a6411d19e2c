//! A WebSocket gateway in the test's hands.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::socket;
use marquee_messaging::sockets::{PostError, Posted, Sockets};
use marquee_passes::{EntryToken, PassKey};
use marquee_testkit::clock::ManualClock;
use queue_socket::{QueueSocket, Rooms};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::lobby::{Link, Lobby, SESSION, user};

#[derive(Debug, Default)]
struct State {
    posts: Vec<(String, Value, Instant)>,
    gone: HashSet<String>,
    fails: bool,
    hangs: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Gateway(Arc<Mutex<State>>);

impl Gateway {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing can be posted to it any more.
    pub(crate) fn lose(&self, connection: &str) {
        self.state().gone.insert(connection.to_owned());
    }

    pub(crate) fn find(&self, connection: &str) {
        self.state().gone.remove(connection);
    }

    /// From now on, nothing can be posted.
    pub(crate) fn fail(&self) {
        self.state().fails = true;
    }

    /// From now on, nothing is answered.
    pub(crate) fn hang(&self) {
        self.state().hangs = true;
    }

    /// What was posted since the last call, and when: to connections that are gone, too.
    pub(crate) fn take_timed(&self) -> Vec<(String, Value, Instant)> {
        std::mem::take(&mut self.state().posts)
    }

    /// What was posted since the last call, in the order of connections.
    pub(crate) fn take(&self) -> Vec<(String, Value)> {
        let posts = self.take_timed().into_iter();
        let mut posts: Vec<_> = posts.map(|(to, what, _)| (to, what)).collect();
        posts.sort_by(|(a, _), (b, _)| a.cmp(b));
        posts
    }
}

#[async_trait]
impl Sockets for Gateway {
    async fn post(&self, connection: &str, text: &str) -> Result<Posted, PostError> {
        let what = serde_json::from_str(text).expect("json");
        let (hangs, answer) = {
            let mut state = self.state();
            state.posts.push((connection.to_owned(), what, Instant::now()));
            let answer = match (state.fails, state.gone.contains(connection)) {
                (true, _) => Err(PostError("the gateway is away".into())),
                (false, true) => Ok(Posted::Gone),
                (false, false) => Ok(Posted::Sent),
            };
            (state.hangs, answer)
        };
        if hangs {
            std::future::pending::<()>().await;
        }
        answer
    }
}

/// What is behind it.
pub(crate) struct Live {
    socket: QueueSocket,
    clock: ManualClock,
}

impl Live {
    pub(crate) fn of(lobby: &Lobby, on: &Link) -> Self {
        let clock = lobby.clock.clone();
        let socket = QueueSocket {
            store: on.store.clone(),
            rooms: Rooms::new(Duration::ZERO),
            sockets: Arc::new(lobby.gateway.clone()),
            passes: PassKey::from_secret("secret"),
            pass_for: Duration::from_secs(60),
            clock: Arc::new(clock.clone()),
        };
        Self { socket, clock }
    }

    /// The n-th visitor's token.
    pub(crate) fn token(&self, n: u32) -> String {
        let now = self.clock.now();
        let token = EntryToken::new(user(n), SESSION.uuid(), Timestamp::from_millis(i64::MAX), now);
        PassKey::from_secret("secret").sign_token(&token).expect("a token")
    }

    async fn call(&self, mut event: Value, connection: &str, kind: &str) -> u64 {
        event["requestContext"] = json!({ "connectionId": connection, "eventType": kind });
        let answer = socket::invoke(&self.socket, event).await.expect("an answer");
        answer["statusCode"].as_u64().expect("a status")
    }

    /// Whether whoever has this token may connect.
    pub(crate) async fn connect_with(&self, connection: &str, token: &str) -> u64 {
        let query = json!({ "queryStringParameters": { "token": token } });
        self.call(query, connection, "CONNECT").await
    }

    /// The n-th visitor connects.
    pub(crate) async fn connect(&self, n: u32, connection: &str) {
        assert_eq!(self.connect_with(connection, &self.token(n)).await, 200);
    }

    pub(crate) async fn look(&self, connection: &str) {
        let look = json!({ "body": r#"{"action":"look"}"# });
        assert_eq!(self.call(look, connection, "MESSAGE").await, 200);
    }

    pub(crate) async fn disconnect(&self, connection: &str) {
        assert_eq!(self.call(json!({}), connection, "DISCONNECT").await, 200);
    }
}
