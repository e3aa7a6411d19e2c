//! What is done when faults have stopped: somebody puts games back and goes on with carts that got stuck.
//! Everything else has to come to its end by itself.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    MINUTE, catalogued,
    items::{self, Cart, CartStatus, Item},
};
use crate::world::World;

pub(super) const QUEUES: &[&str] = &[
    "invoice_requested",
    "invoice_result",
    "cart_approved",
    "purchase_recorded",
    "aggregator_queue",
];
/// A lost event waits for so long for `retry-carts`, and for its tick, an invoice as long for another try;
/// and clocks are off.
const WITHIN: Duration = Duration::from_secs(50 * 60);
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Nothing must have happened at so many looks.
const QUIET_LOOKS: usize = 3;
/// With nothing that goes wrong, resuming helps.
const RESUMED_MAX: usize = 2;

/// Until no cart is on its way.
///
/// # Errors
/// If one does not come to its end.
pub(super) async fn settle(world: &World) -> Result<(), String> {
    let staff = Uuid::from_u128(1);
    put_back(world, staff).await?;
    for queue in QUEUES {
        world.broker.memory.redrive(queue);
    }
    let until = Instant::now() + WITHIN;
    let mut resumed: BTreeMap<Uuid, usize> = BTreeMap::new();
    let mut quiet = 0;
    while quiet < QUIET_LOOKS {
        world.pass(LOOK_EVERY).await;
        let carts = carts(world)?;
        for cart in carts.iter().filter(|cart| cart.status == CartStatus::Stuck) {
            let times = resumed.entry(cart.user).or_default();
            *times += 1;
            if *times > RESUMED_MAX {
                return Err(format!("the cart of {} gets stuck again: {cart:?}", cart.user));
            }
            resume(world, staff, cart).await?;
        }
        let locked = carts.iter().find(|cart| cart.status.is_locked());
        quiet = if locked.is_none() && is_quiet(world) { quiet + 1 } else { 0 };
        if Instant::now() > until {
            let minutes = WITHIN.as_secs() / 60;
            return Err(match locked {
                Some(cart) => format!("the cart of {} still waits: {cart:?}", cart.user),
                None => format!("not at rest {minutes} minutes after the last fault"),
            });
        }
    }
    for queue in QUEUES {
        if let Some(letter) = world.broker.memory.dead_letters(queue).first() {
            let (reason, text) = (&letter.reason, letter.message.text());
            return Err(format!("a dead letter of {queue}: {reason}: {text}"));
        }
    }
    Ok(())
}

fn is_quiet(world: &World) -> bool {
    let is_idle = |queue: &&str| {
        let depth = world.broker.memory.depth(queue);
        depth.ready + depth.delayed + depth.in_flight == 0
    };
    QUEUES.iter().all(is_idle) && world.broker.on_the_way() == 0
}

fn carts(world: &World) -> Result<Vec<Cart>, String> {
    let items = items::all(&world.watch.image())?.into_iter();
    Ok(items
        .filter_map(|item| if let Item::Cart(cart) = item { Some(cart) } else { None })
        .collect())
}

/// All games that were taken out of the shop.
async fn put_back(world: &World, staff: Uuid) -> Result<(), String> {
    for item in items::all(&world.watch.image())? {
        let Item::Game { game, cents, gone: true, .. } = item else { continue };
        let path = format!("/games/{game}");
        let reply = world.ask("PUT", &path, staff, catalogued(cents)).await;
        if reply.as_ref().is_none_or(|reply| reply.status != 200) {
            return Err(format!("game {game} cannot be put back: {reply:?}"));
        }
    }
    Ok(())
}

async fn resume(world: &World, staff: Uuid, cart: &Cart) -> Result<(), String> {
    let Cart { user, stuck_in: Some(status), .. } = cart else {
        return Err(format!("the cart of {} does not say where it got stuck", cart.user));
    };
    let path = format!("/shoppingCart?status={status}&userId={user}");
    match world.ask("PATCH", &path, staff, Value::Null).await {
        Some(reply) if reply.status == 204 => {
            world.journal.done("carts resumed");
            Ok(())
        }
        reply => Err(format!("the cart of {user} cannot be resumed: {reply:?}")),
    }
}

/// So long after the last change, nothing happens any more that is not on a schedule.
pub(super) async fn pass_quietly(world: &World) -> Result<(), String> {
    let until = Instant::now() + 10 * MINUTE;
    let mut quiet = 0;
    while quiet < QUIET_LOOKS {
        world.pass(LOOK_EVERY).await;
        quiet = if is_quiet(world) { quiet + 1 } else { 0 };
        if Instant::now() > until {
            return Err("not at rest ten minutes after a rebuild".into());
        }
    }
    Ok(())
}
