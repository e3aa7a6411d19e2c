//! Ordering: students who order, click twice, ask again and cancel; staff who put food in stock and set
//! statuses; and who publishes orders by hand, some of which are none.

mod books;
mod by_hand;
mod rest;
mod staff;
mod student;
pub(super) mod timeline;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use async_trait::async_trait;
use marquee_kernel::time::Timestamp;
use serde_json::{Value, json};

use super::{MINUTE, Scene};
use crate::{
    aws::gateway::{Call, Reply},
    clock::WorldClock,
    mix::Fault,
    world::World,
};

/// As on AWS.
pub(super) const SCHEDULES: &[(&str, Duration)] =
    &[("reconcile-orders", Duration::from_secs(15 * 60))];

/// What is done in worlds like these, as the journal counts it.
pub(super) const WORK: &[&str] = &[
    "orders placed",
    "orders placed again",
    "orders refused",
    "orders reserved",
    "orders failed",
    "orders withdrawn",
    "orders cancelled",
    "students notified",
    "orders looked at",
    "stock put in",
    "published by hand",
    "poison published",
];

/// Whether the context promises to get over such a fault.
pub(super) fn survives(_: Fault) -> bool {
    true
}

/// Whether a dead letter is one that had to be.
pub(super) fn explains(text: &str, reason: &str) -> bool {
    text.contains(by_hand::POISON) && reason.starts_with("not an order event")
}

/// `reconcile-orders` looks at an order when it is 15 minutes old, and its tick comes within another 15. Clocks
/// are off, that of who took the order one way and that of who looks the other.
const LOOKED_AT_WITHIN: Duration = Duration::from_secs(45 * 60);
/// If the first tick comes while records get lost, what is lost after it waits for the look at two hours.
const FIRST_TICK: Duration = Duration::from_secs(14 * 60);
const LOOKED_AT_AGAIN_WITHIN: Duration = Duration::from_secs(2 * 60 * 60 + 30 * 60);
/// Tries of a call that nobody answers.
const TRIES_MAX: usize = 5;

/// So often many come at once, and all want the same.
const RUSH_EVERY: Duration = Duration::from_secs(45);
/// What is ordered: in a rush the first, and the last is never in stock.
const MENU: [&str; 4] = ["Pizza", "Coffee", "Tea & Cake", "Caviar"];
const IN_STOCK: usize = 3;
const STOCK_MAX: usize = 12;

/// What an order is for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    item: String,
    quantity: i64,
    student: Option<String>,
}

/// What clients were told, and what may come of what they did.
#[derive(Clone, Debug, Default)]
struct Told {
    accepted: BTreeMap<String, Line>,
    cancelled: BTreeSet<String>,
    /// What each student has sent that may be an order: keys, ids, and tries without either.
    sent: BTreeMap<String, BTreeSet<String>>,
    /// Lines that were published by hand, by order.
    by_hand: BTreeMap<String, Vec<Line>>,
    /// Orders of theirs that the broker has.
    published: BTreeSet<String>,
    /// Poison that the broker has, by queue.
    poison: Vec<(&'static str, String)>,
}

#[derive(Debug, Default)]
pub struct Ordering {
    seen: RefCell<Option<books::Seen>>,
    told: RefCell<Told>,
    /// By when all has been looked at whose event was lost.
    looked_at: Cell<Option<(WorldClock, Duration)>>,
    /// What there was when all was over.
    found: RefCell<Option<rest::Found>>,
}

/// A client of any kind.
struct Client<'a> {
    scene: &'a Ordering,
    world: &'a World,
    seen: books::Seen,
}

impl Client<'_> {
    fn now(&self) -> Timestamp {
        self.seen.now()
    }

    fn report(&self, what: String) {
        self.world.watch.report(what);
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Option<Reply> {
        self.world.call(&Call { method, path, user: None, headers: &[], body }).await
    }

    async fn pause(&self, seconds: f64) {
        self.world.pass(self.world.chance.seconds(0.0, seconds)).await;
    }

    /// An order, as it is now: its status must be one that it had while it was looked at.
    async fn look_at(&self, order: &str) -> Option<String> {
        let since = self.now();
        let reply = self.call("GET", &format!("/orders/{order}"), Value::Null).await?;
        let status = match reply.status {
            200 => Some(reply.text("status")),
            _ => None,
        };
        self.check_status(order, since, status);
        self.world.journal.done("orders looked at");
        status.map(str::to_owned)
    }

    fn check_status(&self, order: &str, since: Timestamp, status: Option<&str>) {
        if !self.seen.had_status(order, since, status) {
            self.report(format!("order {order} is said to be {status:?}, and was not"));
        }
    }

    /// Sets a status by hand.
    async fn set_status(&self, order: &str, status: &str) -> Option<()> {
        let (since, path) = (self.now(), format!("/orders/{order}/status"));
        let reply = self.call("PATCH", &path, json!({ "status": status })).await?;
        let said = match reply.status {
            200 => Some(reply.text("status")),
            409 => Some(reply.text("order_status")),
            404 => None,
            _ => return Some(()),
        };
        self.check_status(order, since, said);
        if (status, reply.status) == ("CANCELLED", 200) {
            self.world.journal.done("orders cancelled");
            self.scene.told.borrow_mut().cancelled.insert(order.to_owned());
        }
        Some(())
    }
}

#[async_trait(?Send)]
impl Scene for Ordering {
    async fn open(&self, world: &Rc<World>) -> Result<(), String> {
        let seen = books::Seen::new(world.clock);
        world.watch.add(books::Books::new(seen.clone()));
        for item in &MENU[..IN_STOCK] {
            let count = world.chance.below(STOCK_MAX);
            seen.sends(item, i64::try_from(count).unwrap_or_default());
            let path = format!("/inventory/{}", in_path(item));
            world.must("PUT", &path, json!({ "stock": count })).await?;
        }
        self.seen.replace(Some(seen));
        if world.setting.mix.has(Fault::RecordLost) {
            let lasts = world.setting.lasts;
            let within = if lasts < FIRST_TICK { LOOKED_AT_WITHIN } else { LOOKED_AT_AGAIN_WITHIN };
            let by = world.clock.elapsed() + lasts + within;
            self.looked_at.set(Some((world.clock, by)));
        }
        Ok(())
    }

    async fn client(&self, world: &Rc<World>, number: usize) {
        let seen = self.seen.borrow().clone().expect("an open scene");
        let client = Client { scene: self, world, seen };
        let chance = &world.chance;
        // Somebody has to be hungry.
        let works_here = number > 0 && chance.happens(0.3);
        for visit in 0..2 + chance.below(3) {
            let rush = chance.happens(0.6);
            match rush {
                true => world.pass(until_next(world.clock.elapsed(), RUSH_EVERY)).await,
                false => client.pause(45.0).await,
            }
            let name = format!("S{number}-{visit}");
            match works_here {
                true => staff::Staff { client: &client, rush }.visit().await,
                false => student::Student { client: &client, name, rush }.visit().await,
            }
        }
    }

    async fn at_rest(&self, world: &Rc<World>) -> Result<(), String> {
        let told = self.told.borrow().clone();
        let found = rest::check(world, &told).await?;
        match self.found.replace(Some(found.clone())) {
            Some(before) if before != found => Err(before.differs(&found)),
            Some(_) => Ok(()),
            None => {
                found.tell(&world.journal);
                Ok(())
            }
        }
    }

    fn settles_within(&self) -> Duration {
        let left = self.looked_at.get().map(|(clock, by)| by.saturating_sub(clock.elapsed()));
        left.unwrap_or_default().max(5 * MINUTE)
    }
}

fn until_next(now: Duration, every: Duration) -> Duration {
    let millis = every.as_millis() - now.as_millis() % every.as_millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

/// As it stands in a path.
fn in_path(item: &str) -> String {
    item.replace(' ', "%20").replace('&', "%26")
}
