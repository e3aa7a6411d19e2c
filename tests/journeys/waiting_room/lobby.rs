//! Short words for waiting rooms.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Marquee, eventually, payment, text, wanted},
    reply::Reply,
};

/// A session's waiting room.
pub(crate) struct Lobby<'a> {
    pub(crate) marquee: &'a Marquee,
    pub(crate) session: String,
    /// The ids of the session's seats.
    pub(crate) seats: Vec<String>,
}

/// Somebody who has joined.
pub(crate) struct Visitor {
    pub(crate) user: Uuid,
    /// The entry's id.
    pub(crate) entry: String,
}

impl Marquee {
    /// A session of one row of seats behind a waiting room, with these fields beside or in place of the
    /// usual ones. Its room may not be there yet.
    pub(crate) async fn session_behind_a_room(&self, seats: u16, fields: &Value) -> Lobby<'_> {
        let (session, _) = self.new_session_in_hall(1, seats, 40).await;
        let session = self.get(&format!("/api/v1/sessions/{session}")).await.expect(200);
        let mut body = json!({
            "event_id": session["event_id"], "hall_id": session["hall_id"], "base_price": 40,
            "start_time": "2030-01-01T19:00:00Z", "end_time": "2030-01-01T22:00:00Z",
            "waiting_room": true,
        });
        let fields = fields.as_object().expect("fields").clone();
        body.as_object_mut().expect("fields").extend(fields);
        let session = self.post("/api/v1/sessions", &body).await.expect(201);
        let session = text(&session["session_id"]);
        let seats = self.seat_ids(&session).await;
        Lobby { marquee: self, session, seats }
    }

    /// The same, with a room that is set up like this.
    pub(crate) async fn room(&self, seats: u16, settings: Value) -> Lobby<'_> {
        let lobby = self.session_behind_a_room(seats, &json!({})).await;
        lobby.await_room().await;
        lobby.set_up(&settings).await.expect(200);
        lobby
    }
}

impl Lobby<'_> {
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/api/v1/queue/{}{rest}", self.session)
    }

    fn path_of(&self, visitor: &Visitor) -> String {
        self.path(&format!("/entries/{}", visitor.entry))
    }

    pub(crate) async fn set_up(&self, settings: &Value) -> Reply {
        self.marquee.put(&self.path(""), settings).await
    }

    /// What everybody is told.
    pub(crate) async fn status(&self) -> Value {
        self.marquee.get(&self.path("/status")).await.expect(200)
    }

    pub(crate) async fn await_room(&self) {
        let path = self.path("/status");
        let there = eventually(async || self.marquee.get(&path).await.status == 200);
        assert!(there.await, "there is never a room");
    }

    /// Waits until everybody is told this.
    pub(crate) async fn await_status(&self, field: &str, value: impl Into<Value>) -> Value {
        let (mut seen, value) = (Value::Null, value.into());
        let found = eventually(async || {
            seen = self.status().await;
            seen[field] == value
        });
        assert!(found.await, "{field} is never {value}: {seen}");
        seen
    }

    pub(crate) async fn join(&self, user: Uuid) -> Reply {
        self.marquee.post_as(user, &self.path("/entries"), &json!({})).await
    }

    /// Somebody new, who is in the line: so whoever joins later stands behind them.
    pub(crate) async fn visitor(&self) -> Visitor {
        let user = Uuid::new_v4();
        let entry = text(&self.join(user).await.expect(202)["id"]);
        let visitor = Visitor { user, entry };
        self.await_in_line(&visitor).await;
        visitor
    }

    /// Waits until the line knows the visitor: before, there is no entry.
    pub(crate) async fn await_in_line(&self, visitor: &Visitor) {
        let Visitor { user, entry } = visitor;
        let known = eventually(async || self.look(*user, entry).await.status == 200);
        assert!(known.await, "never in the line");
    }

    pub(crate) async fn visitors(&self, count: usize) -> Vec<Visitor> {
        let mut visitors = Vec::new();
        for _ in 0..count {
            visitors.push(self.visitor().await);
        }
        visitors
    }

    /// What this user is answered of this entry.
    pub(crate) async fn look(&self, user: Uuid, entry: &str) -> Reply {
        self.marquee.get_as(user, &self.path(&format!("/entries/{entry}"))).await
    }

    pub(crate) async fn entry(&self, visitor: &Visitor) -> Value {
        self.look(visitor.user, &visitor.entry).await.expect(200)
    }

    /// Waits until the visitor's entry says this.
    pub(crate) async fn await_entry(
        &self,
        visitor: &Visitor,
        field: &str,
        value: impl Into<Value>,
    ) -> Value {
        let (mut seen, value) = (Value::Null, value.into());
        let found = eventually(async || {
            seen = self.entry(visitor).await;
            seen[field] == value
        });
        assert!(found.await, "{field} is never {value}: {seen}");
        seen
    }

    /// The number of a visitor who waits, once the order is drawn.
    pub(crate) async fn number(&self, visitor: &Visitor) -> u64 {
        let mut seen = Value::Null;
        let drawn = eventually(async || {
            seen = self.entry(visitor).await;
            seen["number"].is_u64()
        });
        assert!(drawn.await, "never a number: {seen}");
        seen["number"].as_u64().expect("a number")
    }

    /// The pass of a visitor who is let in.
    pub(crate) async fn pass(&self, visitor: &Visitor) -> String {
        text(&self.await_entry(visitor, "status", "admitted").await["pass"])
    }

    pub(crate) async fn leave(&self, visitor: &Visitor) -> Reply {
        self.marquee.delete_as(visitor.user, &self.path_of(visitor)).await
    }

    pub(crate) async fn reserve(&self, user: Uuid, pass: &str, seats: &[&str]) -> Reply {
        let user = user.to_string();
        let headers = [("x-user-id", user.as_str()), ("x-queue-pass", pass)];
        let body = wanted(&self.session, seats).to_string();
        self.marquee.send(Method::POST, "/api/v1/reservations", &headers, Some(body)).await
    }

    /// The reservation of a visitor who is let in.
    pub(crate) async fn hold(&self, visitor: &Visitor, seat: &str) -> String {
        let pass = self.pass(visitor).await;
        text(&self.reserve(visitor.user, &pass, &[seat]).await.expect(201)["id"])
    }

    pub(crate) async fn cancel(&self, visitor: &Visitor, reservation: &str) {
        let path = format!("/api/v1/reservations/{reservation}");
        self.marquee.delete_as(visitor.user, &path).await.expect(200);
    }

    /// A visitor who is let in buys this.
    pub(crate) async fn buy(&self, visitor: &Visitor, seat: &str) {
        let reservation = self.hold(visitor, seat).await;
        self.marquee.confirm(visitor.user, &reservation, &payment()).await.expect(200);
    }

    /// Waits until somebody has been let in elsewhere: whoever could have been let in here was, too.
    pub(crate) async fn await_others(&self) {
        let elsewhere = self.marquee.room(1, json!({})).await;
        elsewhere.pass(&elsewhere.visitor().await).await;
    }
}
