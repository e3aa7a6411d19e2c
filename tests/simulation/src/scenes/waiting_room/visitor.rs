//! A visitor: joins, looks, loses patience, comes again.

use std::time::Duration;

use marquee_kernel::time::{Clock, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{known::Known, record::Record};
use crate::{
    aws::gateway::{Call, Reply},
    scenes::booking::{Fact, Hall},
    world::World,
};

const RETRIES_MAX: usize = 5;
const VISITS_MAX: usize = 2;
/// After so many looks a visitor goes away, without a word.
const LOOKS_MAX: usize = 12;

pub(super) struct Visitor<'a> {
    pub(super) world: &'a World,
    pub(super) known: &'a Known,
    pub(super) record: &'a Record,
    pub(super) hall: &'a Hall,
    pub(super) user: Uuid,
}

/// What became of waiting.
pub(super) enum Turn {
    /// Let in, with what the visitor was told.
    Come(Reply),
    /// It is over, or the visitor has gone.
    Gone,
}

impl Visitor<'_> {
    /// Comes within this time, and perhaps again.
    pub(super) async fn come(&self, rush: Duration) {
        let (world, chance) = (self.world, &self.world.chance);
        world.pass(chance.seconds(0.0, rush.as_secs_f64())).await;
        for visit in 0..=chance.below(VISITS_MAX) {
            if visit > 0 {
                world.pass(chance.seconds(0.0, 45.0)).await;
            }
            self.join(chance.happens(0.3)).await;
            if chance.happens(0.05) {
                // Joined, and changed their mind at once.
                self.leave().await;
                continue;
            }
            if let Turn::Come(told) = self.wait().await {
                self.is_let_in(told).await;
            }
        }
    }

    /// Joins, with a wish or without; some click twice.
    async fn join(&self, with_wish: bool) {
        let (chance, session) = (&self.world.chance, &self.hall.session);
        let (path, body) = match with_wish {
            true => (format!("/api/v1/queue/{session}/requests"), self.wish()),
            false => (format!("/api/v1/queue/{session}/entries"), Value::Null),
        };
        self.record.with(self.user, |visits| visits.has_asked = with_wish);
        if chance.happens(0.15) {
            futures_util::join!(self.join_once(&path, &body), self.join_once(&path, &body));
        } else {
            self.join_once(&path, &body).await;
        }
    }

    fn wish(&self) -> Value {
        let chance = &self.world.chance;
        match chance.happens(0.5) {
            true => json!({ "best_together": 1 + chance.below(2) }),
            false => json!({ "seats": self.some_seats(1 + chance.below(2)) }),
        }
    }

    /// Side by side.
    pub(super) fn some_seats(&self, count: usize) -> Vec<String> {
        let chance = &self.world.chance;
        let row = chance.one_of(&self.hall.seats);
        let count = count.min(row.len());
        let first = chance.below(row.len() - count + 1);
        row[first..first + count].to_vec()
    }

    async fn join_once(&self, path: &str, body: &Value) {
        let (method, user) = ("POST", Some(self.user));
        let call = Call { method, path, user, headers: &[], body: body.clone() };
        for _ in 0..RETRIES_MAX {
            self.record.joins(self.user);
            let at = self.world.clock.now().millis();
            let Some(reply) = self.world.call(&call).await else {
                if self.world.chance.happens(0.2) {
                    return;
                }
                self.world.pass(self.world.chance.seconds(0.0, 6.0)).await;
                continue;
            };
            self.record.is_answered(self.user);
            match (reply.status, reply.problem()) {
                (200, _) => return self.hear(&reply),
                (202, _) => {
                    self.world.journal.done("joined");
                    self.hear(&reply);
                    return self.record.with(self.user, |visits| visits.taken.push(at));
                }
                (409, "place-not-over") => {
                    self.world.pass(self.world.chance.seconds(5.0, 30.0)).await;
                }
                _ => return,
            }
        }
    }

    fn entry(&self) -> Option<Uuid> {
        self.record.with(self.user, |visits| visits.entry)
    }

    fn path(&self) -> Option<String> {
        Some(format!("/api/v1/queue/{}/entries/{}", self.hall.session, self.entry()?))
    }

    pub(super) async fn look(&self) -> Option<Reply> {
        let (path, user) = (self.path()?, Some(self.user));
        let call = Call { method: "GET", path: &path, user, headers: &[], body: Value::Null };
        let reply = self.world.call(&call).await?;
        if reply.status == 200 {
            self.hear(&reply);
        }
        Some(reply)
    }

    /// Waits for the turn.
    async fn wait(&self) -> Turn {
        let (world, chance) = (self.world, &self.world.chance);
        for _ in 0..LOOKS_MAX {
            world.pass(chance.seconds(4.0, 25.0)).await;
            let Some(reply) = self.look().await else { continue };
            match (reply.status, reply.text("status")) {
                (200, "waiting") => {
                    if chance.happens(0.02) {
                        self.leave().await;
                        return Turn::Gone;
                    }
                    if chance.happens(0.05) {
                        self.join(chance.happens(0.7)).await;
                    }
                }
                (200, "admitted") => return Turn::Come(reply),
                (200, _) => return Turn::Gone,
                _ if chance.happens(0.2) => self.join(false).await,
                _ => {}
            }
        }
        Turn::Gone
    }

    pub(super) async fn leave(&self) {
        let Some(path) = self.path() else { return };
        let user = Some(self.user);
        let call = Call { method: "DELETE", path: &path, user, headers: &[], body: Value::Null };
        self.record.begins_to_leave(self.user);
        let Some(reply) = self.insist(&call).await else { return };
        if reply.status == 204 {
            self.world.journal.done("left");
            self.record.leaves(self.user, self.world.clock.now().millis());
        }
    }

    /// What a visitor is told is so: a number is of one slot, a pass is for a place that was given.
    fn hear(&self, reply: &Reply) {
        if let Ok(entry) = reply.text("id").parse() {
            self.record.with(self.user, |visits| visits.entry = Some(entry));
        }
        let told = self.checked(reply);
        if let Err(error) = told {
            self.world.watch.report(format!("user {} is told {}: {error}", self.user, reply.body));
        }
    }

    fn checked(&self, reply: &Reply) -> Result<(), String> {
        if let Some(number) = reply.body["number"].as_u64() {
            self.known.learn(reply.text("slot"), number)?;
        }
        if let Some(reservation) = reply.body["reservation_id"].as_str() {
            self.record.tell(self.user, reservation, Fact::Held);
        }
        let Some(pass) = reply.body["pass"].as_str() else {
            return match reply.text("status") {
                "admitted" => Err("let in, without a pass".into()),
                _ => Ok(()),
            };
        };
        let pass = self.world.passes.verify(pass, Timestamp::from_millis(0));
        let pass = pass.map_err(|invalid| format!("the pass {invalid}"))?;
        match pass.place {
            None if self.known.lets_through() => Ok(()),
            None => Err("a pass without a place".into()),
            Some(place) => {
                let given = self.known.place(place);
                match given.is_some_and(|given| Some(given.entry) == self.entry()) {
                    true => Ok(()),
                    false => Err(format!("place {place} was given to {given:?}")),
                }
            }
        }
    }

    /// Tries again while nobody knows what became of it; some give up at once.
    pub(super) async fn insist(&self, call: &Call<'_>) -> Option<Reply> {
        for _ in 0..RETRIES_MAX {
            if let Some(reply) = self.world.call(call).await {
                return Some(reply);
            }
            if call.method == "DELETE" {
                self.record.with(self.user, |visits| visits.may_leave = true);
            }
            if self.world.chance.happens(0.3) {
                break;
            }
            self.world.pass(self.world.chance.seconds(0.0, 5.0)).await;
        }
        None
    }
}
