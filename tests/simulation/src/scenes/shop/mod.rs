//! The shop: customers who fill one cart from several places at once, pay and pay again, and staff who
//! change prices, take games out of the shop and give them away.

mod carts;
mod customer;
mod goods;
mod items;
mod money;
mod rest;
mod settle;
mod staff;
mod views;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{MINUTE, Scene};
use crate::{
    aws::gateway::{Call, Reply},
    mix::Fault,
    world::World,
};

pub(super) const SCHEDULES: &[(&str, Duration)] =
    &[("process-invoices", Duration::from_secs(20)), ("retry-carts", Duration::from_secs(5 * 60))];

/// What is done in worlds like these, as the journal counts it.
pub(super) const WORK: &[&str] = &[
    "games put into carts",
    "carts paid",
    "carts bought",
    "carts rejected",
    "games given away",
    "games played",
    "achievements granted",
    "prices changed",
    "games taken out",
];

/// More would hardly meet in a cart.
const CLIENTS_MAX: usize = 5;
const RETRIES_MAX: usize = 5;
/// In cents.
const PRICES: &[u64] = &[0, 5, 499, 1_000, 2_050];

/// Whether the context promises to get over such a fault.
pub(super) fn survives(_: Fault) -> bool {
    true
}

/// Whether a dead letter is one that had to be: somebody has to put the game back first.
pub(super) fn explains(_: &str, reason: &str) -> bool {
    reason.contains("is not in the shop any more")
}

/// Who comes, what is sold, and what everybody was told.
#[derive(Debug, Default)]
pub struct Shop {
    users: RefCell<Vec<Uuid>>,
    games: RefCell<Vec<Uuid>>,
    told: RefCell<Told>,
    /// The table as it was when all was over.
    at_rest: RefCell<Option<Vec<Value>>>,
}

/// What must be so in the end.
#[derive(Clone, Debug, Default)]
struct Told {
    /// Users, and games that they have.
    owns: BTreeSet<(Uuid, Uuid)>,
    /// Users to whom staff tried to give a game.
    gifts: BTreeSet<(Uuid, Uuid)>,
    /// By its id, whether it is there.
    achievements: BTreeMap<Uuid, bool>,
    /// Entries of a game's history that say that somebody has played.
    plays: BTreeSet<Uuid>,
}

impl Shop {
    fn a_game(&self, world: &World) -> Uuid {
        *world.chance.one_of(&self.games.borrow())
    }

    fn a_user(&self, world: &World) -> Uuid {
        *world.chance.one_of(&self.users.borrow())
    }

    fn tell(&self, fact: impl FnOnce(&mut Told)) {
        fact(&mut self.told.borrow_mut());
    }
}

/// Tries again while nobody knows what became of it; some give up at once. And whether it is sure that
/// nothing more comes of it later.
async fn insist(world: &World, call: &Call<'_>) -> (Option<Reply>, bool) {
    for attempt in 0..RETRIES_MAX {
        match world.call(call).await {
            Some(reply) => return (Some(reply), attempt == 0),
            None if world.chance.happens(0.3) => break,
            None => world.pass(world.chance.seconds(0.0, 5.0)).await,
        }
    }
    (None, false)
}

/// A game as staff puts it into the catalogue.
fn catalogued(cents: u64) -> Value {
    json!({ "title": format!("For {cents}"), "basePrice": amount(cents) })
}

fn amount(cents: u64) -> Value {
    json!(format!("{}.{:02}", cents / 100, cents % 100))
}

#[async_trait(?Send)]
impl Scene for Shop {
    async fn open(&self, world: &Rc<World>) -> Result<(), String> {
        let (chance, mix) = (&world.chance, &world.faults.mix);
        // A request that was frozen may be that late, and any other by less than a minute.
        let frozen = if mix.has(Fault::Frozen) { 11 } else { 0 };
        let skewed = if mix.has(Fault::Skew) { 10 } else { 0 };
        world.watch.add(carts::Carts {
            journal: world.journal.clone(),
            prices_last: (1 + frozen) * MINUTE,
            clocks_apart: skewed * MINUTE,
            prices: BTreeMap::new(),
        });
        world.watch.add(goods::Goods::default());
        world.watch.add(money::Money::new(world.provider.clone()));
        for _ in 0..2 + chance.below(3) {
            let game = catalogued(*chance.one_of(PRICES));
            let made = world.must("POST", "/games", game).await?;
            let id = made["id"].as_str().and_then(|id| id.parse().ok());
            self.games.borrow_mut().push(id.ok_or("a game without an id")?);
        }
        let users = 1 + chance.below(3);
        self.users.borrow_mut().extend((0..users).map(|_| chance.uuid()));
        Ok(())
    }

    async fn client(&self, world: &Rc<World>, number: usize) {
        if number >= CLIENTS_MAX {
            return;
        }
        let chance = &world.chance;
        let is_staff = number > 0 && chance.happens(0.3);
        let customer = customer::Customer::new(self, world, self.a_user(world));
        let staff = staff::Staff { scene: self, world, user: chance.uuid() };
        for _ in 0..=chance.below(4) {
            world.pass(chance.seconds(0.0, 60.0)).await;
            match is_staff {
                true => staff.work().await,
                false => customer.visit().await,
            }
        }
    }

    async fn at_rest(&self, world: &Rc<World>) -> Result<(), String> {
        let known = self.at_rest.borrow().clone();
        if let Some(known) = known {
            return rest::nothing_has_changed(world, &known);
        }
        settle::settle(world).await?;
        views::complete(world).await?;
        let told = self.told.borrow().clone();
        rest::check(world, &told).await?;
        *self.at_rest.borrow_mut() = Some(rest::table(world));
        Ok(())
    }

    /// Whatever takes longer, this scene waits for itself.
    fn settles_within(&self) -> Duration {
        MINUTE
    }
}
