//! A customer, or one of several who share a cart.

use std::cell::Cell;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Shop, insist};
use crate::{
    aws::gateway::{Call, Reply},
    world::World,
};

/// How often somebody looks what became of a payment.
const LOOKS_MAX: usize = 15;

#[derive(Debug)]
pub(super) struct Customer<'a> {
    scene: &'a Shop,
    world: &'a World,
    user: Uuid,
    /// The number of the last payment that they know of.
    seen: Cell<u32>,
}

impl<'a> Customer<'a> {
    pub(super) fn new(scene: &'a Shop, world: &'a World, user: Uuid) -> Self {
        Self { scene, world, user, seen: Cell::new(0) }
    }

    /// Fills the cart, pays, waits for the games, and plays them.
    pub(super) async fn visit(&self) {
        let (world, chance) = (self.world, &self.world.chance);
        for _ in 0..=chance.below(3) {
            self.fill().await;
        }
        world.pass(chance.seconds(0.0, 10.0)).await;
        self.pay().await;
        for _ in 0..LOOKS_MAX {
            world.pass(chance.seconds(2.0, 30.0)).await;
            let Some(cart) = self.look().await else { continue };
            match cart.text("status") {
                "REJECTED" if chance.happens(0.5) => self.pay_by(Value::Null).await,
                "STUCK" if chance.happens(0.5) => self.resume(&cart).await,
                "INVOICE" | "APPROVED" | "STUCK" => {}
                _ => break,
            }
        }
        self.play().await;
    }

    async fn fill(&self) {
        let game = self.scene.a_game(self.world);
        match self.world.chance.below(8) {
            0 => {
                futures_util::join!(self.put_in(game), self.put_in(game));
            }
            1 => {
                futures_util::join!(self.put_in(game), self.take_out(game));
            }
            2 => {
                self.put_in(game).await;
                self.take_out(game).await;
            }
            _ => self.put_in(game).await,
        }
    }

    async fn put_in(&self, game: Uuid) {
        let path = *self.world.chance.one_of(&["/shoppingCart/items", "/shoppingCartItems"]);
        // Nobody believes the price.
        let item = json!({ "gameId": game, "price": 0.01 });
        if self.ask("POST", path, item).await.is_some_and(|reply| reply.status == 201) {
            self.world.journal.done("games put into carts");
        }
    }

    async fn take_out(&self, game: Uuid) {
        let path = format!("/shoppingCartItems?gameId={game}");
        self.ask("DELETE", &path, Value::Null).await;
    }

    async fn pay(&self) {
        let game = self.scene.a_game(self.world);
        let own = || self.pay_by(Value::Null);
        match self.world.chance.below(10) {
            0 | 1 => {
                futures_util::join!(own(), own());
            }
            2 => {
                futures_util::join!(own(), self.put_in(game));
            }
            3 => {
                futures_util::join!(own(), self.take_out(game));
            }
            4 | 5 => self.pay_by(self.named()).await,
            6 => {
                futures_util::join!(self.pay_by(self.named()), self.pay_by(self.named()));
            }
            _ => own().await,
        }
    }

    /// One of a few payments, which others name as well, or one that can be nobody's.
    fn named(&self) -> Value {
        let somethings_own = Uuid::new_v5(&self.user, b"payment").to_string();
        let names = ["p-0", "p-1", somethings_own.as_str()];
        json!({ "paymentId": self.world.chance.one_of(&names) })
    }

    async fn pay_by(&self, payment: Value) {
        let reply = self.ask("PATCH", "/shoppingCart?status=INVOICE", payment).await;
        let Some(reply) = reply else { return };
        match (reply.status, reply.problem()) {
            (204, _) => {
                self.world.journal.done("carts paid");
                self.seen.set(self.seen.get().max(1));
            }
            (409, "game-owned") => {
                let Ok(game) = reply.text("game_id").parse() else { return };
                self.owns(game);
                self.take_out(game).await;
            }
            (409, "game-not-sold") => {
                let Ok(game) = reply.text("game_id").parse() else { return };
                self.take_out(game).await;
            }
            _ => {}
        }
    }

    async fn resume(&self, cart: &Reply) {
        let path = format!("/shoppingCart?status={}", cart.text("stuckIn"));
        self.ask("PATCH", &path, Value::Null).await;
    }

    /// Looks at the cart: it knows of all payments that they know of.
    async fn look(&self) -> Option<Reply> {
        let cart = self.ask("GET", "/shoppingCart", Value::Null).await?;
        if cart.status != 200 {
            return None;
        }
        let number = cart.text("invoiceId").rsplit('-').next();
        let number = number.and_then(|number| number.parse().ok()).unwrap_or_default();
        if number < self.seen.get() {
            let (user, seen) = (self.user, self.seen.get());
            self.world.watch.report(format!("user {user} saw payment {seen}, and now {number}"));
        }
        self.seen.set(number);
        Some(cart)
    }

    /// Looks at their games, and plays one that is theirs, or is not.
    async fn play(&self) {
        let chance = &self.world.chance;
        let games = self.ask("GET", "/purchase-history/games", Value::Null).await;
        let Some(games) = games.filter(|games| games.status == 200) else { return };
        let games = games.body.as_array().into_iter().flatten();
        let games: Vec<Uuid> = games.filter_map(|game| game["id"].as_str()?.parse().ok()).collect();
        for game in &games {
            self.owns(*game);
        }
        let game = match games.is_empty() || chance.happens(0.2) {
            true => self.scene.a_game(self.world),
            false => *chance.one_of(&games),
        };
        let path = format!("/games/{game}/playHistory");
        let minutes = json!({ "minutes": 1 + chance.below(100) });
        let Some(reply) = self.ask("POST", &path, minutes).await else { return };
        match (reply.status, reply.text("id").parse()) {
            (201, Ok(entry)) => {
                self.world.journal.done("games played");
                self.owns(game);
                self.scene.tell(|told| _ = told.plays.insert(entry));
            }
            _ if games.contains(&game) => {
                let (user, problem) = (self.user, reply.problem());
                let found = format!("user {user} has game {game} and cannot play it: {problem}");
                self.world.watch.report(found);
            }
            _ => {}
        }
    }

    fn owns(&self, game: Uuid) {
        self.scene.tell(|told| _ = told.owns.insert((self.user, game)));
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Option<Reply> {
        let call = Call { method, path, user: Some(self.user), headers: &[], body };
        insist(self.world, &call).await.0
    }
}
