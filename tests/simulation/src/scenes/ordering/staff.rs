//! Staff: put food in stock, set statuses, look at lists, and publish by hand.

use serde_json::{Value, json};

use super::{Client, IN_STOCK, MENU, STOCK_MAX, TRIES_MAX, books::Stock, in_path};

pub(super) struct Staff<'a> {
    pub(super) client: &'a Client<'a>,
    pub(super) rush: bool,
}

impl Staff<'_> {
    pub(super) async fn visit(&self) {
        let chance = &self.client.world.chance;
        match chance.below(6) {
            0 => self.put_in_stock().await,
            1 => {
                // Two of them at once, of the same thing or of two.
                futures_util::join!(self.put_in_stock(), self.put_in_stock());
            }
            2 => self.set_a_status().await,
            3 => self.look_at_stock().await,
            _ => self.client.publish_by_hand().await,
        }
        if chance.happens(0.2) {
            self.client.call("GET", "/notifications", Value::Null).await;
        }
    }

    async fn put_in_stock(&self) {
        let (client, chance) = (self.client, &self.client.world.chance);
        let item = if self.rush { MENU[0] } else { MENU[chance.below(IN_STOCK)] };
        let count = i64::try_from(chance.below(STOCK_MAX)).unwrap_or_default();
        let path = format!("/inventory/{}", in_path(item));
        for _ in 0..TRIES_MAX {
            client.seen.sends(item, count);
            let since = client.now();
            match client.call("PUT", &path, json!({ "stock": count })).await {
                Some(reply) => {
                    self.check(item, since, &reply.body);
                    return client.world.journal.done("stock put in");
                }
                None if chance.happens(0.3) => return,
                None => client.pause(5.0).await,
            }
        }
    }

    async fn look_at_stock(&self) {
        let client = self.client;
        let item = MENU[client.world.chance.below(IN_STOCK)];
        let (since, path) = (client.now(), format!("/inventory/{}", in_path(item)));
        if let Some(reply) = client.call("GET", &path, Value::Null).await {
            self.check(item, since, &reply.body);
        }
        if client.world.chance.happens(0.3) {
            client.call("GET", "/inventory", Value::Null).await;
        }
    }

    /// The stock is as it was at some moment of the call.
    fn check(&self, item: &str, since: marquee_kernel::time::Timestamp, said: &Value) {
        let number = |name: &str| said[name].as_i64();
        let stock = number("stock").zip(number("reserved"));
        let stock = stock.map(|(available, reserved)| Stock { available, reserved });
        if !self.client.seen.had_stock(item, since, stock) {
            self.client.report(format!("the stock of {item} is said to be {said}, and was not"));
        }
    }

    /// Of any order, to anything.
    async fn set_a_status(&self) {
        let (client, chance) = (self.client, &self.client.world.chance);
        let orders: Vec<_> = client.scene.told.borrow().accepted.keys().cloned().collect();
        if orders.is_empty() {
            return;
        }
        for _ in 0..1 + chance.below(3) {
            let order = chance.one_of(&orders);
            let status = chance.one_of(&["PLACED", "RESERVED", "FAILED", "CANCELLED"]);
            client.set_status(order, status).await;
        }
    }
}
