//! Plays a scene in a world, from the first client to the last check.

use std::{rc::Rc, time::Duration};

use futures_util::future::join_all;
use marquee_messaging::{publisher::Publisher, topology::RELAY_OUTBOX};
use tokio::task::JoinSet;

use crate::{
    journal::acting,
    scenes::{MINUTE, Scene, SceneName},
    world::World,
};

/// Clients that have not ended by then walk away.
const CLIENTS_MAX: Duration = Duration::from_secs(30 * 60);
/// Longer than any record or memory of a message is kept.
const LATER: Duration = Duration::from_secs(8 * 24 * 60 * 60);
/// How many messages are delivered once more when all is over.
const OLD_MESSAGES_MAX: usize = 20;

/// What was found is in [`World::watch`].
pub async fn play(name: SceneName, world: &Rc<World>) {
    let mut aws = world.start_aws(name.schedules());
    let scene = name.make();
    if let Err(error) = acting("setup".into(), scene.open(world)).await {
        world.watch.report(format!("the scene was not set up: {error}"));
        return;
    }
    world.faults.switch(true);
    let clients =
        (0..world.setting.clients).map(|n| acting(format!("client {n}"), scene.client(world, n)));
    let _ = tokio::time::timeout(world.setting.lasts.min(CLIENTS_MAX), join_all(clients)).await;
    world.faults.switch(false);
    if world.watch.violations().is_empty()
        && let Err(violation) = come_to_rest(name, &*scene, world, &mut aws).await
    {
        world.watch.report(violation);
    }
    aws.abort_all();
}

async fn come_to_rest(
    name: SceneName,
    scene: &dyn Scene,
    world: &Rc<World>,
    aws: &mut JoinSet<()>,
) -> Result<(), String> {
    world.journal.write("faults stop");
    world.pass(world.hold_for + scene.settles_within()).await;
    world.be_quiet().await?;
    if redrive(name, world).await? {
        world.pass(scene.settles_within()).await;
        world.be_quiet().await?;
    }
    acting("check".into(), scene.at_rest(world)).await?;
    // Nothing runs for a week and a day; not even schedules, which would find nothing to do.
    aws.abort_all();
    world.pass(LATER).await;
    *aws = world.start_aws(name.schedules());
    // Whatever its age, a message that comes once more changes nothing.
    let mut old = world.broker.delivered();
    world.chance.shuffle(&mut old);
    old.truncate(OLD_MESSAGES_MAX);
    world.journal.write("old messages come again");
    world.broker.memory.publish(&old).await;
    world.pass(2 * MINUTE).await;
    world.be_quiet().await?;
    acting("check again".into(), scene.at_rest(world)).await
}

/// An operator puts dead letters back once: what failed for a while may then succeed. Whether there
/// were any.
async fn redrive(name: SceneName, world: &World) -> Result<bool, String> {
    let memory = &world.broker.memory;
    let redriven: usize = world.queues().map(|queue| memory.redrive(queue)).sum();
    world.be_quiet().await?;
    for queue in world.queues().chain([RELAY_OUTBOX]) {
        if let Some(letter) = memory.dead_letters(queue).first() {
            let (reason, text) = (&letter.reason, letter.message.text());
            if !name.explains(&text, reason) {
                return Err(format!("a dead letter of {queue}: {reason}: {text}"));
            }
        }
    }
    Ok(redriven > 0)
}
