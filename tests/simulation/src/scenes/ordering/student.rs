//! A student.

use serde_json::{Value, json};

use super::{Client, IN_STOCK, Line, MENU, TRIES_MAX};
use crate::aws::gateway::{Call, Reply};

/// How an order is known when it is sent again.
#[derive(Clone, Debug)]
enum Known {
    ByKey(String),
    ById(String),
    Not,
}

pub(super) struct Student<'a> {
    pub(super) client: &'a Client<'a>,
    /// Another one for each visit, so that their orders can be counted.
    pub(super) name: String,
    pub(super) rush: bool,
}

impl Student<'_> {
    /// Orders something, and follows it or does not.
    pub(super) async fn visit(&self) {
        let (client, chance) = (self.client, &self.client.world.chance);
        let (known, line) = (self.choose(), self.line());
        let placing = async {
            match chance.happens(0.15) {
                true => self.place_twice(&known, &line).await,
                false => self.place(&known, &line).await,
            }
        };
        let (order, ()) = futures_util::join!(placing, self.order_for_others());
        let Some((order, answer)) = order else { return };
        match chance.below(9) {
            0..3 => self.follow(&order).await,
            3 => _ = client.set_status(&order, "CANCELLED").await,
            4 => {
                // About when the inventory decides.
                client.pause(0.5).await;
                let cancel = || client.set_status(&order, "CANCELLED");
                futures_util::join!(cancel(), cancel(), client.look_at(&order));
            }
            5 => {
                client.pause(40.0).await;
                _ = client.set_status(&order, "CANCELLED").await;
                client.look_at(&order).await;
            }
            6 => {
                client.pause(0.5).await;
                let set = |status| client.set_status(&order, status);
                futures_util::join!(set("RESERVED"), set("FAILED"), set("CANCELLED"));
            }
            7 => self.list().await,
            _ => {}
        }
        client.pause(20.0).await;
        match chance.below(6) {
            0 => self.place_again(&known, &line, (order, answer)).await,
            1 => self.place_another(&known, &line).await,
            _ => {}
        }
    }

    /// In a rush, who orders does so for a whole table, and does not look after it.
    async fn order_for_others(&self) {
        let others = if self.rush { self.client.world.chance.below(5) } else { 0 };
        let placing = (0..others).map(|_| async {
            let (known, line) = (self.choose(), self.line());
            self.place(&known, &line).await;
        });
        futures_util::future::join_all(placing).await;
    }

    fn choose(&self) -> Known {
        let chance = &self.client.world.chance;
        match chance.below(4) {
            0 | 1 => Known::ByKey(chance.uuid().to_string()),
            2 => Known::ById(chance.uuid().to_string()),
            _ => Known::Not,
        }
    }

    fn line(&self) -> Line {
        let chance = &self.client.world.chance;
        let item = match chance.below(20) {
            0 => MENU[IN_STOCK],
            _ if self.rush => MENU[0],
            _ => MENU[chance.below(IN_STOCK)],
        };
        let most = if chance.happens(0.1) { 60 } else { 3 };
        let quantity = 1 + i64::try_from(chance.below(most)).unwrap_or_default();
        Line { item: item.to_owned(), quantity, student: Some(self.name.clone()) }
    }

    /// The first time that it is sent; the order's id and the answer, if there is one.
    async fn place(&self, known: &Known, line: &Line) -> Option<(String, Value)> {
        let reply = self.insist(known, line).await?;
        let accepted = self.accepted(line, reply)?;
        self.client.world.journal.done("orders placed");
        Some(accepted)
    }

    /// Two clicks at once.
    async fn place_twice(&self, known: &Known, line: &Line) -> Option<(String, Value)> {
        let (one, two) = futures_util::join!(self.place(known, line), self.place(known, line));
        if let (Some(one), Some(two)) = (&one, &two) {
            self.check_same(known, one, two);
        }
        one.or(two)
    }

    /// Later; the answer is the first one.
    async fn place_again(&self, known: &Known, line: &Line, first: (String, Value)) {
        let Some(reply) = self.insist(known, line).await else { return };
        if let Some(again) = self.accepted(line, reply) {
            self.client.world.journal.done("orders placed again");
            self.check_same(known, &first, &again);
        }
    }

    /// The same key or id with another order, which must be refused.
    async fn place_another(&self, known: &Known, line: &Line) {
        let other = Line { quantity: line.quantity + 1, ..line.clone() };
        if matches!(known, Known::Not) {
            return;
        }
        let Some(reply) = self.insist(known, &other).await else { return };
        let problem = reply.problem();
        match (known, reply.status) {
            (Known::ByKey(_), 422) | (Known::ById(_), 409) => {
                self.client.world.journal.done("orders refused");
            }
            (_, status) => {
                let said = format!("{status} {problem}");
                self.client.report(format!("{known:?} came again with another order: {said}"));
            }
        }
    }

    fn check_same(&self, known: &Known, one: &(String, Value), two: &(String, Value)) {
        let same = match known {
            Known::Not => one.0 != two.0,
            _ => one == two,
        };
        if !same {
            let found = format!("{known:?} was sent twice and answered {} and {}", one.1, two.1);
            self.client.report(found);
        }
    }

    fn accepted(&self, line: &Line, reply: Reply) -> Option<(String, Value)> {
        if reply.status != 201 {
            let found = format!("an order is refused: {} {}", reply.status, reply.body);
            self.client.report(found);
            return None;
        }
        let order = reply.text("order_id").to_owned();
        if !self.client.seen.knows(&order) {
            self.client.report(format!("order {order} was accepted, and is not there"));
        }
        let mut told = self.client.scene.told.borrow_mut();
        told.accepted.insert(order.clone(), line.clone());
        Some((order, reply.body))
    }

    /// Tries again while nobody knows what became of it; some give up at once.
    async fn insist(&self, known: &Known, line: &Line) -> Option<Reply> {
        let (world, chance) = (self.client.world, &self.client.world.chance);
        let Line { item, quantity, student } = line;
        let mut body = json!({ "item": item, "qty": quantity, "student_id": student });
        let mut headers = Vec::new();
        match known {
            Known::ByKey(key) => headers.push(("idempotency-key", key.as_str())),
            Known::ById(id) => body["order_id"] = json!(id),
            Known::Not => {}
        }
        let call = Call { method: "POST", path: "/order", user: None, headers: &headers, body };
        for _ in 0..TRIES_MAX {
            self.may_have_one_more(known);
            match world.call(&call).await {
                Some(reply) => return Some(reply),
                None if chance.happens(0.3) => return None,
                None => self.client.pause(5.0).await,
            }
        }
        None
    }

    fn may_have_one_more(&self, known: &Known) {
        let mut told = self.client.scene.told.borrow_mut();
        let sent = told.sent.entry(self.name.clone()).or_default();
        _ = match known {
            Known::ByKey(known) | Known::ById(known) => sent.insert(known.clone()),
            Known::Not => sent.insert(format!("try {}", sent.len())),
        };
    }

    /// Until it is decided, or patience ends.
    async fn follow(&self, order: &str) {
        for _ in 0..4 {
            match self.client.look_at(order).await.as_deref() {
                Some("RESERVED" | "FAILED" | "CANCELLED") => return,
                _ => self.client.pause(15.0).await,
            }
        }
    }

    /// The list may lag behind, but shows nothing that never was.
    async fn list(&self) {
        let began = marquee_kernel::time::Timestamp::from_millis(0);
        let path = format!("/orders?student_id={}", self.name);
        let Some(reply) = self.client.call("GET", &path, Value::Null).await else { return };
        for order in reply.body.as_array().into_iter().flatten() {
            let text = |name: &str| order[name].as_str().unwrap_or_default();
            if text("student_id") != self.name {
                self.client.report(format!("the list of {} has {order}", self.name));
            }
            self.client.check_status(text("order_id"), began, Some(text("status")));
        }
    }
}
