//! What must hold when all is over: everybody was answered, and has what they were told.

use std::collections::BTreeMap;

use super::{ANSWERS_TO_ALL, Members};
use crate::{
    aws::gateway::Call,
    watch::{Image, attribute},
    world::World,
};

pub(super) async fn check(scene: &Members, world: &World) -> Result<(), String> {
    for number in 0..world.setting.clients {
        scene.take_answers(world, &format!("{ANSWERS_TO_ALL}_{number}"));
    }
    scene.take_answers(world, ANSWERS_TO_ALL);
    if let Some((question, asked)) = scene
        .asked
        .borrow()
        .iter()
        .find(|(_, asked)| asked.must_be_answered() && asked.answer.is_none())
    {
        return Err(format!("nobody answered {question}: {asked:?}"));
    }
    let image = world.watch.image();
    let (seats, members) = (items(&image, "M#", "seat"), items(&image, "S#", "member"));
    for (member, seat) in &seats {
        if members.get(seat) != Some(member) {
            return Err(format!("{member} has seat {seat}: {members:?}"));
        }
    }
    if members.len() != seats.len() {
        return Err(format!("members {seats:?}, seats {members:?}"));
    }
    for (member, known) in scene.known.borrow().iter() {
        let may_have = scene.seen().may_have(member, known.as_deref());
        let has = seats.get(member).cloned();
        if !may_have.contains(&has) {
            return Err(format!("{member} has {has:?}, and was told {known:?}: {may_have:?}"));
        }
    }
    for letter in scene.poison.borrow().iter() {
        let letters = world.broker.memory.dead_letters("member_messages");
        if !letters.iter().any(|dead| dead.message.text() == *letter) {
            return Err(format!("this is not among the dead letters: {letter}"));
        }
    }
    people(world, &seats).await
}

/// What people see is what there is.
async fn people(world: &World, seats: &BTreeMap<String, String>) -> Result<(), String> {
    let known = seats.keys().cloned().chain((0..world.setting.clients).map(|n| format!("M{n}")));
    for member in known.collect::<std::collections::BTreeSet<_>>() {
        let path = format!("/api/v1/members/{member}/seat");
        let body = serde_json::Value::Null;
        let call = Call { method: "GET", path: &path, user: None, headers: &[], body };
        let reply = world.call(&call).await.ok_or_else(|| format!("no answer to GET {path}"))?;
        let said = (reply.status == 200).then(|| reply.text("seat_number").to_owned());
        if said.as_ref() != seats.get(&member) {
            return Err(format!("{member} is said to have {said:?}: {seats:?}"));
        }
    }
    Ok(())
}

fn items(image: &Image, prefix: &str, value: &str) -> BTreeMap<String, String> {
    let item = |item| {
        let key = attribute::text(item, "pk")?.strip_prefix(prefix)?;
        Some((key.to_owned(), attribute::text(item, value)?.to_owned()))
    };
    image.items("members").filter_map(item).collect()
}
