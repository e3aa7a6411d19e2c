//! A buyer.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Booking, Fact, Hall, free::Seen};
use crate::{
    aws::gateway::{Call, Reply},
    world::World,
};

const RETRIES_MAX: usize = 5;

pub(super) struct Buyer<'a> {
    pub(super) scene: &'a Booking,
    pub(super) world: &'a World,
    pub(super) hall: Hall,
    pub(super) user: Uuid,
}

impl Buyer<'_> {
    /// Holds some seats, and then pays or does not.
    pub(super) async fn visit(&self) {
        let (world, chance) = (self.world, &self.world.chance);
        let Some(id) = self.hold().await else { return };
        world.pass(chance.seconds(0.0, 20.0)).await;
        match chance.below(10) {
            0..3 => self.pay(&id).await,
            3 => self.pay_named(&id).await,
            4 => {
                // Twice at once.
                futures_util::join!(self.pay(&id), self.pay(&id));
            }
            5 => self.cancel(&id).await,
            6 => {
                futures_util::join!(self.pay(&id), self.cancel(&id));
            }
            7 => {
                // About when the hold ends.
                let late = world.hold_for.as_secs_f64() - 20.0 + chance.between(0.0, 30.0);
                world.pass(chance.seconds(0.0, late.max(1.0))).await;
                self.pay(&id).await;
            }
            8 => {
                world.pass(world.hold_for).await;
                self.pay_named(&id).await;
            }
            _ => {}
        }
        if chance.happens(0.3) {
            world.pass(chance.seconds(0.0, 60.0)).await;
            self.pay_named(&id).await;
        }
        if chance.happens(0.2) {
            self.cancel(&id).await;
        }
        if chance.happens(0.1) {
            self.is_nobody_elses_business(&id).await;
        }
    }

    /// Somebody else looks at the reservation, pays for it, cancels it.
    async fn is_nobody_elses_business(&self, id: &str) {
        let path = format!("/api/v1/reservations/{id}");
        let confirm = format!("{path}/confirm");
        let stranger = self.world.chance.uuid();
        for (method, path) in [("GET", &path), ("POST", &confirm), ("DELETE", &path)] {
            let reply = self.world.ask(method, path, stranger, json!({})).await;
            if let Some(Reply { status: 200..300, body, .. }) = reply {
                let found = format!("user {stranger} may {method} {path}: {body}");
                self.world.watch.report(found);
            }
        }
    }

    async fn hold(&self) -> Option<String> {
        let chance = &self.world.chance;
        let row = chance.one_of(&self.hall.seats);
        let first = chance.below(row.len());
        let count = 1 + chance.below(3.min(row.len() - first));
        let seats: Vec<_> =
            row[first..first + count].iter().map(|id| json!({ "session_seat_id": id })).collect();
        let body = json!({ "session_id": self.hall.session, "seats": seats });
        let key = chance.uuid().to_string();
        let with_key = [("idempotency-key", key.as_str())];
        let headers = if chance.happens(0.6) { &with_key[..] } else { &[] };
        let path = "/api/v1/reservations";
        let call = Call { method: "POST", path, user: Some(self.user), headers, body };
        let ids = match chance.happens(0.1) {
            true => {
                let (one, two) = futures_util::join!(self.insist(&call), self.insist(&call));
                [one, two].map(|reply| self.held(reply))
            }
            false => [self.held(self.insist(&call).await), None],
        };
        if let ([Some(one), Some(two)], true) = (&ids, !headers.is_empty())
            && one != two
        {
            let found = format!("one idempotency key made two reservations: {one} {two}");
            self.world.watch.report(found);
        }
        ids.into_iter().flatten().next()
    }

    fn held(&self, reply: Option<Reply>) -> Option<String> {
        let reply = reply?;
        match reply.status {
            200 | 201 => {
                let id = reply.text("id").to_owned();
                self.world.journal.done("holds");
                self.scene.tell(self.user, &id, Fact::Held);
                Some(id)
            }
            409 => {
                self.world.journal.done("holds refused");
                None
            }
            _ => None,
        }
    }

    async fn pay(&self, id: &str) {
        self.confirm(id, json!({})).await;
    }

    async fn pay_named(&self, id: &str) {
        let named = format!("{}-{id}", self.world.chance.below(2));
        self.confirm(id, json!({ "payment_id": named })).await;
    }

    async fn confirm(&self, id: &str, body: Value) {
        let path = format!("/api/v1/reservations/{id}/confirm");
        let (method, path) = ("POST", path.as_str());
        let call = Call { method, path, user: Some(self.user), headers: &[], body };
        let Some(reply) = self.insist(&call).await else { return };
        if reply.status == 200 {
            self.world.journal.done("confirmed");
            self.scene.tell(self.user, id, Fact::Confirmed);
        }
    }

    async fn cancel(&self, id: &str) {
        let path = format!("/api/v1/reservations/{id}");
        let (method, path) = ("DELETE", path.as_str());
        let call = Call { method, path, user: Some(self.user), headers: &[], body: Value::Null };
        let Some(reply) = self.insist(&call).await else { return };
        if reply.status == 200 {
            self.world.journal.done("cancelled");
            self.scene.tell(self.user, id, Fact::Cancelled);
        }
    }

    async fn once(&self, call: &Call<'_>) -> Option<Reply> {
        let seen = Seen::now(self.world, &call.body);
        let reply = self.world.call(call).await?;
        if reply.problem() == "seat-taken" && seen.lasted(self.world) {
            let found = format!("nobody had these seats, and they are refused: {}", call.body);
            self.world.watch.report(found);
        }
        Some(reply)
    }

    /// Tries again while nobody knows what became of it; some give up at once.
    async fn insist(&self, call: &Call<'_>) -> Option<Reply> {
        for _ in 0..RETRIES_MAX {
            match self.once(call).await {
                Some(reply) => return Some(reply),
                None if self.world.chance.happens(0.3) => return None,
                None => self.world.pass(self.world.chance.seconds(0.0, 5.0)).await,
            }
        }
        None
    }
}
