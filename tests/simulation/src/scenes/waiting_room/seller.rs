//! The seller: sets the room up, and changes it while visitors come.

use std::time::Duration;

use marquee_kernel::time::Clock;
use serde_json::{Value, json};
use uuid::Uuid;

use super::known::Known;
use crate::{aws::gateway::Call, chance::Chance, world::World};

const RETRIES_MAX: usize = 8;
/// The room is there a moment after its session.
const ROOM_WITHIN: Duration = Duration::from_secs(30);

/// What the room is to be like, as `PUT` takes it.
#[derive(Debug, Default)]
pub(super) struct Seller {
    session: String,
    settings: Value,
}

/// How sales end, as the session says it.
pub(super) fn session(world: &World) -> Value {
    match world.chance.happens(0.1) {
        false => json!({ "waiting_room": true }),
        true => {
            let end = world.clock.now() + world.chance.seconds(180.0, 900.0);
            json!({ "waiting_room": true, "sales_end": end.to_rfc3339_millis() })
        }
    }
}

impl Seller {
    /// Waits until the room is there, and sets it up; `known` hears who may come in without a place.
    pub(super) async fn open(
        world: &World,
        session: &str,
        known: &Known,
        visitors: &[Uuid],
    ) -> Result<Self, String> {
        let chance = &world.chance;
        let path = format!("/api/v1/queue/{session}");
        let look = Call { method: "GET", path: &path, user: None, headers: &[], body: Value::Null };
        let began = world.clock.now();
        while world.call(&look).await.is_none_or(|reply| reply.status != 200) {
            if began + ROOM_WITHIN < world.clock.now() {
                return Err(format!("session {session} has no room"));
            }
            world.pass(Duration::from_millis(200)).await;
        }
        let mut settings = json!({
            "capacity": 1 + chance.below(4),
            "place_seconds": 15 + chance.below(60),
            "seats_per_visitor": 1 + chance.below(3),
        });
        if chance.happens(0.5) {
            let opens = world.clock.now() + chance.seconds(5.0, 90.0);
            settings["opens_at"] = json!(opens.to_rfc3339_millis());
        }
        if chance.happens(0.2) {
            settings["rate_per_minute"] = json!(2 + chance.below(12));
        }
        if chance.happens(0.15) {
            settings["bypass"] = json!([chance.one_of(visitors)]);
            known.let_through();
        }
        if chance.happens(0.15) {
            settings["fail_open"] = json!(true);
            known.let_through();
        }
        world.must("PUT", &path, settings.clone()).await?;
        // From now on it stays as it is, whatever is put.
        settings.as_object_mut().and_then(|settings| settings.remove("opens_at"));
        Ok(Self { session: session.to_owned(), settings })
    }

    /// Changes the room now and then.
    pub(super) async fn sell(&self, world: &World) {
        let chance = &world.chance;
        for _ in 0..chance.below(5) {
            world.pass(chance.seconds(5.0, 60.0)).await;
            let settings = self.changed(chance);
            self.insist(world, settings).await;
        }
    }

    fn changed(&self, chance: &Chance) -> Value {
        let mut settings = self.settings.clone();
        match chance.below(6) {
            0 | 1 => settings["paused"] = json!(true),
            2 => settings["capacity"] = json!(1 + chance.below(4)),
            3 => settings["seats_per_visitor"] = json!(1 + chance.below(3)),
            4 if chance.happens(0.3) => settings["enabled"] = json!(false),
            _ => {}
        }
        settings
    }

    async fn insist(&self, world: &World, settings: Value) {
        let path = format!("/api/v1/queue/{}", self.session);
        let call = Call { method: "PUT", path: &path, user: None, headers: &[], body: settings };
        for _ in 0..RETRIES_MAX {
            match world.call(&call).await {
                Some(reply) if reply.status == 200 => return world.journal.done("rooms set up"),
                Some(reply) => {
                    let told = format!("the seller is told {} {}", reply.status, reply.body);
                    return world.watch.report(told);
                }
                None => world.pass(world.chance.seconds(0.0, 5.0)).await,
            }
        }
    }

    /// Whatever was tried before, visitors are let in again.
    pub(super) async fn open_again(&self, world: &World) -> Result<(), String> {
        let path = format!("/api/v1/queue/{}", self.session);
        world.must("PUT", &path, self.settings.clone()).await.map(drop)
    }
}
