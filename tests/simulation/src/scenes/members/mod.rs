//! Members: clients who save, change and ask for seats by message, ask again when nobody answers, and
//! are gone when somebody does; for fewer seats than they want.

mod asked;
mod client;
mod rest;
mod seats;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use async_trait::async_trait;

use super::Scene;
use crate::{mix::Fault, world::World};

pub(super) const SCHEDULES: &[(&str, Duration)] = &[];

/// What is done in worlds like these, as the journal counts it.
pub(super) const WORK: &[&str] = &[
    "requests published",
    "seats saved",
    "seats taken",
    "changes refused",
    "seats told",
    "members not found",
    "asked again",
    "answered again",
    "seats looked at",
    "poison published",
];

/// Whether the context promises to get over such a fault.
pub(super) fn survives(_: Fault) -> bool {
    true
}

/// Whether a dead letter is one that had to be.
pub(super) fn explains(text: &str, reason: &str) -> bool {
    text.contains(client::POISON) && reason.starts_with("not a member message")
}

/// So often many come at once, and all want the same.
const RUSH_EVERY: u64 = 20;
/// Members whose seats several clients change.
const SHARED: usize = 2;
/// Where answers go to requests that name no queue.
const ANSWERS_TO_ALL: &str = "member_replies";

#[derive(Debug, Default)]
pub struct Members {
    seen: RefCell<Option<seats::Seen>>,
    seats: RefCell<Vec<String>>,
    /// All requests, by what their answers refer to.
    asked: RefCell<BTreeMap<String, asked::Asked>>,
    /// What clients know of the members that are theirs alone.
    known: RefCell<BTreeMap<String, Option<String>>>,
    /// Poison that the broker has.
    poison: RefCell<BTreeSet<String>>,
}

impl Members {
    fn seen(&self) -> seats::Seen {
        self.seen.borrow().clone().expect("an open scene")
    }

    /// Takes the answers that wait in a queue; each must be right.
    fn take_answers(&self, world: &World, queue: &str) {
        for message in world.broker.memory.take_replies(queue) {
            if let Err(wrong) = asked::take(self, world, queue, &message) {
                let text = message.text();
                world.watch.report(format!("{wrong}: {text} in {queue}, {:?}", message.metadata));
            }
        }
    }
}

#[async_trait(?Send)]
impl Scene for Members {
    async fn open(&self, world: &Rc<World>) -> Result<(), String> {
        let seen = seats::Seen::new(world.clock);
        world.watch.add(seats::Seats::new(seen.clone()));
        self.seen.replace(Some(seen));
        let count = 3 + world.chance.below(2 * (world.setting.clients + SHARED));
        let seats = (0..count).map(|n| format!("{}{}", 1 + n / 4, ["A", "B", "C", "D"][n % 4]));
        self.seats.replace(seats.collect());
        Ok(())
    }

    async fn client(&self, world: &Rc<World>, number: usize) {
        let client = client::Client::new(self, world, number);
        for _ in 0..3 + world.chance.below(6) {
            if world.chance.happens(0.4) {
                client.rush().await;
                continue;
            }
            world.pass(world.chance.seconds(0.0, 30.0)).await;
            client.visit().await;
        }
    }

    async fn at_rest(&self, world: &Rc<World>) -> Result<(), String> {
        rest::check(self, world).await
    }
}
