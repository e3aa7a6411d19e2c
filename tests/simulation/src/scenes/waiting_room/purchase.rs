//! A visitor inside: reserves, pays, cancels, walks away.

use std::time::Duration;

use marquee_kernel::time::{Clock, Timestamp};
use serde_json::{Value, json};

use super::visitor::Visitor;
use crate::{
    aws::gateway::{Call, Reply},
    scenes::booking::Fact,
};

/// Seats that somebody else has are given up after so many tries.
const CHOICES_MAX: usize = 4;
/// Whatever a clock says that is off.
const PLACE_MAX: Duration = Duration::from_secs(90);
/// Looks for what was asked for before.
const LOOKS_MAX: usize = 4;

impl Visitor<'_> {
    /// It is the visitor's turn.
    pub(super) async fn is_let_in(&self, told: Reply) {
        let (world, chance) = (self.world, &self.world.chance);
        world.journal.done("let in");
        if chance.happens(0.1) {
            self.misuse(&told).await;
        }
        match chance.below(12) {
            // The place runs out.
            0 => {}
            1 => self.leave().await,
            2 => {
                self.come_to_the_end(&told).await;
                if let Some(told) = self.look().await {
                    self.buy(told).await;
                }
            }
            _ => {
                world.pass(chance.seconds(0.0, 10.0)).await;
                self.buy(told).await;
            }
        }
    }

    /// Waits until about the end of the place.
    async fn come_to_the_end(&self, told: &Reply) {
        let end = Timestamp::parse(told.text("place_expires_at")).map_or(0, Timestamp::millis);
        let left = u64::try_from(end - self.world.clock.now().millis()).unwrap_or_default();
        let left = self.world.chance.millis(left.saturating_sub(2_000), left + 1_000);
        self.world.pass(left.min(PLACE_MAX)).await;
    }

    async fn buy(&self, told: Reply) {
        if let Some(id) = self.reservation(told).await {
            self.decide(&id).await;
        }
    }

    /// What was asked for before, or is chosen now.
    async fn reservation(&self, told: Reply) -> Option<String> {
        let chance = &self.world.chance;
        let mut told = told;
        if self.record.with(self.user, |visits| visits.has_asked) {
            for _ in 0..LOOKS_MAX {
                if let Some(id) = told.body["reservation_id"].as_str() {
                    self.world.journal.done("booked on request");
                    return Some(id.to_owned());
                }
                self.world.pass(chance.seconds(1.0, 6.0)).await;
                told = self.look().await?;
            }
        }
        let mut count = 1 + chance.below(2);
        for _ in 0..CHOICES_MAX {
            let pass = told.text("pass").to_owned();
            let held = match chance.happens(0.15) {
                false => self.hold(&pass, count).await,
                true => self.hold_twice(&pass, count).await,
            };
            match held {
                Held::Reserved(id) => return Some(id),
                Held::Taken => {}
                // It may be for too many seats, or the pass is over.
                Held::Refused => {
                    count = 1;
                    self.world.pass(chance.seconds(1.0, 5.0)).await;
                    told = self.look().await?;
                }
            }
        }
        None
    }

    /// Two choices at once, with one pass.
    async fn hold_twice(&self, pass: &str, count: usize) -> Held {
        let both = futures_util::join!(self.hold(pass, count), self.hold(pass, 1));
        match both {
            (Held::Reserved(one), Held::Reserved(other)) => {
                if one != other && !self.known.lets_through() {
                    let found = format!("one pass made two reservations: {one} {other}");
                    self.world.watch.report(found);
                }
                Held::Reserved(one)
            }
            (Held::Reserved(id), _) | (_, Held::Reserved(id)) => Held::Reserved(id),
            (other, _) => other,
        }
    }

    async fn hold(&self, pass: &str, count: usize) -> Held {
        let seats = self.some_seats(count).into_iter();
        let seats: Vec<_> = seats.map(|id| json!({ "session_seat_id": id })).collect();
        let body = json!({ "session_id": self.hall.session, "seats": seats });
        let key = self.world.chance.uuid().to_string();
        let headers = [("x-queue-pass", pass), ("idempotency-key", key.as_str())];
        let len = 1 + self.world.chance.below(2);
        let (method, path, user) = ("POST", "/api/v1/reservations", Some(self.user));
        let call = Call { method, path, user, headers: &headers[..len], body };
        let Some(reply) = self.insist(&call).await else { return Held::Refused };
        let id = match (reply.status, reply.problem()) {
            (201, _) => reply.text("id").to_owned(),
            (409, "pass-used") => reply.text("reservation_id").to_owned(),
            (409, "seat-taken") => return Held::Taken,
            _ => return Held::Refused,
        };
        self.world.journal.done("reserved");
        self.record.tell(self.user, &id, Fact::Held);
        Held::Reserved(id)
    }

    async fn decide(&self, id: &str) {
        let (world, chance) = (self.world, &self.world.chance);
        world.pass(chance.seconds(0.0, 15.0)).await;
        match chance.below(12) {
            0..6 => self.pay(id).await,
            6 => drop(futures_util::join!(self.pay(id), self.pay(id))),
            7 => self.cancel(id).await,
            8 => drop(futures_util::join!(self.pay(id), self.cancel(id))),
            9 => {
                // Gone, and paid all the same.
                self.leave().await;
                self.pay(id).await;
            }
            10 => {
                world.pass(world.hold_for).await;
                self.pay(id).await;
            }
            _ => {}
        }
    }

    async fn pay(&self, id: &str) {
        let path = format!("/api/v1/reservations/{id}/confirm");
        let body = match self.world.chance.happens(0.7) {
            true => json!({}),
            false => json!({ "payment_id": format!("{}-{id}", self.world.chance.below(2)) }),
        };
        let (method, path) = ("POST", path.as_str());
        let call = Call { method, path, user: Some(self.user), headers: &[], body };
        if self.insist(&call).await.is_some_and(|reply| reply.status == 200) {
            self.world.journal.done("bought");
            self.record.tell(self.user, id, Fact::Confirmed);
        }
    }

    async fn cancel(&self, id: &str) {
        let path = format!("/api/v1/reservations/{id}");
        let (method, path) = ("DELETE", path.as_str());
        let call = Call { method, path, user: Some(self.user), headers: &[], body: Value::Null };
        if self.insist(&call).await.is_some_and(|reply| reply.status == 200) {
            self.world.journal.done("cancelled");
            self.record.tell(self.user, id, Fact::Cancelled);
        }
    }
}

enum Held {
    Reserved(String),
    Taken,
    /// Or nobody knows.
    Refused,
}
