//! A client: speaks by message, and waits for answers in a queue of its own.

use std::time::Duration;

use marquee_host::broker::Ports;
use marquee_messaging::{
    message::{Message, Metadata},
    publisher::Outgoing,
};
use serde_json::{Value, json};

use super::{
    ANSWERS_TO_ALL, Members, RUSH_EVERY, SHARED,
    asked::{Answer, Asked, Request},
    seats::Seen,
};
use crate::world::World;

/// All poison has this in it.
pub(super) const POISON: &str = "poison";
const EXCHANGE: &str = "members_exchange";
/// Tries to publish, where the broker does not confirm.
const TRIES_MAX: usize = 5;
/// How long a client waits for an answer before it asks again or gives up.
const PATIENCE_SECONDS: u64 = 20;

pub(super) struct Client<'a> {
    scene: &'a Members,
    world: &'a World,
    seen: Seen,
    /// The member that only this client changes.
    member: String,
    queue: String,
}

impl<'a> Client<'a> {
    pub(super) fn new(scene: &'a Members, world: &'a World, number: usize) -> Self {
        let (member, queue) = (format!("M{number}"), format!("{ANSWERS_TO_ALL}_{number}"));
        scene.known.borrow_mut().insert(member.clone(), None);
        Self { scene, world, seen: scene.seen(), member, queue }
    }

    pub(super) async fn visit(&self) {
        let chance = &self.world.chance;
        match chance.below(12) {
            0..4 => self.save_mine(None).await,
            4 => self.save_shared().await,
            5 => _ = self.ask(Request::Get { member: self.anybody() }).await,
            6 => self.ask_for_all().await,
            7 => {
                // A seat and a question about it at once.
                let get = self.ask(Request::Get { member: self.member.clone() });
                futures_util::join!(self.save_mine(None), get);
            }
            8 => self.look(&self.anybody()).await,
            9 => self.publish_poison().await,
            10 => self.ask_and_go().await,
            _ => {
                futures_util::join!(self.save_shared(), self.save_shared());
            }
        }
        if chance.happens(0.3) {
            self.look(&self.member).await;
        }
    }

    /// When many come at once: each for the same seat, or to change the same member's.
    pub(super) async fn rush(&self) {
        let (world, chance) = (self.world, &self.world.chance);
        let now = world.clock.elapsed().as_secs();
        let nth = now / RUSH_EVERY + 1;
        world.pass(Duration::from_secs(nth * RUSH_EVERY) - world.clock.elapsed()).await;
        let wanted = usize::try_from(nth).unwrap_or_default() % self.scene.seats.borrow().len();
        let wanted = self.scene.seats.borrow()[wanted].clone();
        match chance.happens(0.5) {
            true => self.save_mine(Some(wanted)).await,
            false => self.save_shared().await,
        }
    }

    fn anybody(&self) -> String {
        let chance = &self.world.chance;
        match chance.below(3) {
            0 => self.member.clone(),
            1 => format!("M{}", chance.below(self.world.setting.clients + 1)),
            _ => format!("X{}", chance.below(SHARED)),
        }
    }

    /// A first seat or another one, never one that it has asked for before: an old copy of that request
    /// would take the member back there.
    async fn save_mine(&self, wanted: Option<String>) {
        let chance = &self.world.chance;
        let asked = self.scene.asked.borrow().values().cloned().collect::<Vec<_>>();
        let new = |seat: &&String| {
            !asked.iter().any(|asked| {
                matches!(&asked.request, Request::Save { member, seat: old, .. }
                    if *member == self.member && old == *seat)
            })
        };
        let seats: Vec<_> = self.scene.seats.borrow().iter().filter(new).cloned().collect();
        if seats.is_empty() {
            return;
        }
        let known = self.scene.known.borrow()[&self.member].clone();
        let replaces = known.filter(|_| chance.happens(0.8));
        let wanted = wanted.filter(|seat| seats.contains(seat));
        let seat = wanted.unwrap_or_else(|| chance.one_of(&seats).clone());
        let save = Request::Save { member: self.member.clone(), seat, replaces };
        let Some(Answer { label, seat, .. }) = self.ask(save).await else { return };
        let knows = match label.as_str() {
            "Member Saved" | "Member Has Seat" => seat,
            "Member Not Found" => None,
            _ => return,
        };
        self.scene.known.borrow_mut().insert(self.member.clone(), knows);
    }

    /// A member whom others change too, and who may return to a seat.
    async fn save_shared(&self) {
        let chance = &self.world.chance;
        let member = format!("X{}", chance.below(SHARED));
        let seat = chance.one_of(&self.scene.seats.borrow()).clone();
        let replaces = match chance.happens(0.6) {
            true => Some(chance.one_of(&self.scene.seats.borrow()).clone()),
            false => None,
        };
        let save = Request::Save { member: member.clone(), seat: seat.clone(), replaces };
        if let Some(Answer { label, seat: Some(has), .. }) = self.ask(save).await
            && label == "Member Has Seat"
        {
            self.ask(Request::Save { member, seat, replaces: Some(has) }).await;
        }
    }

    async fn ask_for_all(&self) {
        let members = (0..3).map(|_| self.anybody());
        let asking = members.map(|member| self.ask(Request::Get { member }));
        futures_util::future::join_all(asking.collect::<Vec<_>>()).await;
    }

    /// Nobody is there for the answer, or anybody.
    async fn ask_and_go(&self) {
        let chance = &self.world.chance;
        let member = self.anybody();
        let reply_to = match chance.below(3) {
            0 => Some("a_queue_that_is_gone".to_owned()),
            _ => None,
        };
        let id = chance.happens(0.7).then(|| chance.uuid().to_string());
        let request = Request::Get { member };
        if let Some(id) = &id {
            self.note(id, &request, reply_to.as_deref());
        }
        let metadata = Metadata { id: id.clone(), reply_to, ..Metadata::default() };
        let message = self.message(&request, metadata);
        if self.publish(&message).await
            && let Some(id) = id
        {
            self.is_published(&id);
        }
    }

    async fn publish_poison(&self) {
        let chance = &self.world.chance;
        let id = format!("{POISON}-{}", chance.uuid());
        let body = match chance.below(4) {
            0 => format!("{id} is no JSON"),
            1 => json!({ "label": "Eat", "member_id": id }).to_string(),
            2 => json!({ "label": "Save Member", "member_id": id }).to_string(),
            _ => json!({ "member_id": id, "seat_number": "1A" }).to_string(),
        };
        let reply_to = chance.happens(0.5).then(|| self.queue.clone());
        self.note(&id, &Request::Poison, reply_to.as_deref());
        let correlation_id = Some(id);
        let metadata = Metadata { reply_to, correlation_id, ..Metadata::default() };
        let message = Message { metadata, body: body.clone().into_bytes() };
        if self.publish(&message).await {
            self.world.journal.done("poison published");
            self.scene.poison.borrow_mut().insert(body);
        }
    }

    /// Over HTTP: the seat is one that the member had while it was looked at.
    async fn look(&self, member: &str) {
        let since = self.seen.now();
        let path = format!("/api/v1/members/{member}/seat");
        let reply = self.world.ask("GET", &path, self.world.chance.uuid(), Value::Null).await;
        let Some(reply) = reply else { return };
        let seat = match reply.status {
            200 => Some(reply.text("seat_number")),
            _ => None,
        };
        self.world.journal.done("seats looked at");
        if !self.seen.had_seat(member, since, seat) {
            let found = format!("member {member} is said to have {seat:?}, and had not");
            self.world.watch.report(found);
        }
    }

    /// Asks until there is an answer or patience ends, always with the same message.
    async fn ask(&self, request: Request) -> Option<Answer> {
        let (world, chance) = (self.world, &self.world.chance);
        let question = chance.uuid().to_string();
        self.note(&question, &request, Some(&self.queue));
        let id = chance.happens(0.5).then(|| chance.uuid().to_string());
        let reply_to = Some(self.queue.clone());
        let correlation_id = Some(question.clone());
        let metadata = Metadata { id, reply_to, correlation_id, ..Metadata::default() };
        let message = self.message(&request, metadata);
        for _ in 0..1 + chance.below(4) {
            if !self.publish(&message).await {
                return None;
            }
            self.is_published(&question);
            for _ in 0..PATIENCE_SECONDS * 2 {
                world.pass(chance.millis(200, 800)).await;
                self.scene.take_answers(world, &self.queue);
                let asked = self.scene.asked.borrow();
                if let Some(answer) = &asked[&question].answer {
                    return Some(answer.clone());
                }
            }
            world.journal.done("asked again");
        }
        None
    }

    /// From now on there may be an answer, and a change.
    fn note(&self, question: &str, request: &Request, reply_to: Option<&str>) {
        if let Request::Save { member, seat, replaces } = request {
            self.seen.asks(member, seat, replaces.as_deref());
        }
        let (request, since) = (request.clone(), self.seen.now());
        let reply_to = reply_to.map(str::to_owned);
        let asked = Asked { request, since, reply_to, published: false, answer: None };
        self.scene.asked.borrow_mut().insert(question.to_owned(), asked);
    }

    fn is_published(&self, question: &str) {
        self.world.journal.done("requests published");
        if let Some(asked) = self.scene.asked.borrow_mut().get_mut(question) {
            asked.published = true;
        }
    }

    /// With its label in the body or as its type, its payload in the body or beside the label.
    fn message(&self, request: &Request, mut metadata: Metadata) -> Message {
        let chance = &self.world.chance;
        let (label, payload) = match request {
            Request::Save { member, seat, replaces } => {
                let payload = json!({ "member_id": member, "seat_number": seat });
                let replaces = replaces.as_ref().map(|seat| ("replaces", seat));
                ("Save Member", with(payload, replaces))
            }
            Request::Get { member } => ("Get Seat Number", json!({ "member_id": member })),
            Request::Poison => (POISON, Value::Null),
        };
        let label = if chance.happens(0.2) { label.to_lowercase() } else { label.to_owned() };
        let body = match chance.below(3) {
            0 => json!({ "label": label, "payload": payload }),
            1 => with(payload, Some(("label", &label))),
            _ => {
                metadata.event_type = Some(label);
                payload
            }
        };
        Message { metadata, body: body.to_string().into_bytes() }
    }

    /// Until the broker has it, or patience ends.
    async fn publish(&self, message: &Message) -> bool {
        let chance = &self.world.chance;
        // Either leads to the same queue.
        let routing_key = (*chance.one_of(&["member.save", "seat.get"])).to_owned();
        let (exchange, message) = (EXCHANGE.to_owned(), message.clone());
        let outgoing = [Outgoing { exchange, routing_key, message }];
        for _ in 0..TRIES_MAX {
            let results = self.world.broker.publisher().publish(&outgoing).await;
            if results.iter().all(Result::is_ok) {
                return true;
            }
            self.world.pass(chance.seconds(0.0, 10.0)).await;
        }
        false
    }
}

fn with(mut body: Value, field: Option<(&str, &String)>) -> Value {
    if let Some((name, value)) = field {
        body[name] = json!(value);
    }
    body
}
