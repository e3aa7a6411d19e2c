//! Orders that somebody publishes by hand, with metadata or without, and what is no order at all.

use std::collections::BTreeSet;

use marquee_host::broker::Ports;
use marquee_messaging::{
    message::{Message, Metadata},
    publisher::Outgoing,
};
use serde_json::{Value, json};

use super::{Client, IN_STOCK, Line, MENU, TRIES_MAX};

/// All poison has this in it.
pub(super) const POISON: &str = "poison";
const EXCHANGE: &str = "orders_exchange";
/// Routing keys, and the queues that they lead to.
const ROUTES: [(&str, &[&str]); 3] = [
    ("order.placed", &["order_placed"]),
    ("inventory.reserved", &["inventory_reserved", "order_callback_reserved"]),
    ("inventory.failed", &["order_callback_failed"]),
];

impl Client<'_> {
    pub(super) async fn publish_by_hand(&self) {
        match self.world.chance.below(6) {
            0 | 1 => self.publish_poison().await,
            2 => self.publish_of_nobody().await,
            _ => self.publish_order().await,
        }
    }

    /// An order that orders-api never saw, or hears of only now.
    async fn publish_order(&self) {
        let chance = &self.world.chance;
        let id = chance.uuid().to_string();
        let line = || Line {
            item: MENU[chance.below(IN_STOCK)].to_owned(),
            quantity: 1 + i64::try_from(chance.below(3)).unwrap_or_default(),
            student: None,
        };
        let mut lines = vec![line()];
        match chance.below(4) {
            0 => lines.push(lines[0].clone()),
            // The first that arrives counts.
            1 => lines.push(line()),
            _ => {}
        }
        self.scene.told.borrow_mut().by_hand.insert(id.clone(), lines.clone());
        for Line { item, quantity, .. } in &lines {
            let body = json!({ "order_id": id, "item": item, "qty": quantity });
            if self.publish("order.placed", body.to_string()).await {
                self.world.journal.done("published by hand");
                self.scene.told.borrow_mut().published.insert(id.clone());
            }
        }
        if chance.happens(0.4) {
            self.pause(5.0).await;
            self.place_published(&id, &lines[0]).await;
        }
    }

    /// What was published comes to orders-api, too.
    async fn place_published(&self, id: &str, line: &Line) {
        let student = format!("S-{id}");
        let Line { item, quantity, .. } = line;
        let body = json!({ "order_id": id, "item": item, "qty": quantity, "student_id": student });
        let line = Line { student: Some(student.clone()), ..line.clone() };
        self.scene.told.borrow_mut().sent.insert(student, BTreeSet::from([id.to_owned()]));
        let Some(reply) = self.call("POST", "/order", body).await else { return };
        match reply.status {
            201 => _ = self.scene.told.borrow_mut().accepted.insert(id.to_owned(), line),
            status => self.report(format!("order {id} is refused: {status} {}", reply.body)),
        }
    }

    /// A failure of an order that nobody knows: ignored.
    async fn publish_of_nobody(&self) {
        let id = self.world.chance.uuid();
        let body = json!({ "order_id": id, "item": "Pizza", "qty": 1, "reason": "none left" });
        if self.publish("inventory.failed", body.to_string()).await {
            self.world.journal.done("published by hand");
        }
    }

    async fn publish_poison(&self) {
        let chance = &self.world.chance;
        let id = format!("{POISON}-{}", chance.uuid());
        let body = match chance.below(5) {
            0 => format!("{id} is no JSON"),
            1 => json!({ "order_id": id, "item": "Pizza", "qty": 0 }).to_string(),
            2 => json!({ "order_id": id, "qty": 1 }).to_string(),
            3 => json!({ "order_id": { "is": id }, "item": "Pizza", "qty": 1 }).to_string(),
            _ => Value::from(id).to_string(),
        };
        let (routing_key, queues) = *chance.one_of(&ROUTES);
        if self.publish(routing_key, body.clone()).await {
            self.world.journal.done("poison published");
            let poison = queues.iter().map(|queue| (*queue, body.clone()));
            self.scene.told.borrow_mut().poison.extend(poison);
        }
    }

    /// Until the broker has it, or patience ends.
    async fn publish(&self, routing_key: &str, body: String) -> bool {
        let chance = &self.world.chance;
        let id = chance.happens(0.3).then(|| chance.uuid().to_string());
        let message =
            Message { metadata: Metadata { id, ..Metadata::default() }, body: body.into_bytes() };
        let (exchange, routing_key) = (EXCHANGE.to_owned(), routing_key.to_owned());
        let outgoing = [Outgoing { exchange, routing_key, message }];
        for _ in 0..TRIES_MAX {
            let results = self.world.broker.publisher().publish(&outgoing).await;
            if results.iter().all(Result::is_ok) {
                return true;
            }
            self.pause(10.0).await;
        }
        false
    }
}
