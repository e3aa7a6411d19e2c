//! Somebody who works in the shop.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{PRICES, Shop, amount, catalogued, insist, views};
use crate::{
    aws::gateway::{Call, Reply},
    world::World,
};

/// More would hardly meet in a cart.
const GAMES_MAX: usize = 5;

#[derive(Debug)]
pub(super) struct Staff<'a> {
    pub(super) scene: &'a Shop,
    pub(super) world: &'a World,
    pub(super) user: Uuid,
}

impl Staff<'_> {
    pub(super) async fn work(&self) {
        let (world, chance) = (self.world, &self.world.chance);
        let (game, user) = (self.scene.a_game(world), self.scene.a_user(world));
        match chance.below(20) {
            0..5 => self.put(game).await,
            5..8 => {
                self.take_out(game).await;
                // A purchase may come across it, or even be given up in between.
                let most = if chance.happens(0.3) { 600.0 } else { 30.0 };
                world.pass(chance.seconds(0.0, most)).await;
                self.put(game).await;
            }
            8..14 => self.give(game, user).await,
            14..18 => self.reward(game, user).await,
            18 => self.create().await,
            // Whatever happens meanwhile, it may be made at any time, and twice.
            _ => {
                let _ = views::rebuild(world, self.user).await;
            }
        }
    }

    /// Puts a game into the catalogue, at another price.
    async fn put(&self, game: Uuid) {
        let price = *self.world.chance.one_of(PRICES);
        let path = format!("/games/{game}");
        let reply = self.ask("PUT", &path, catalogued(price), &[]).await.0;
        if reply.is_some_and(|reply| reply.status == 200) {
            self.world.journal.done("prices changed");
        }
    }

    async fn take_out(&self, game: Uuid) {
        let reply = self.ask("DELETE", &format!("/games/{game}"), Value::Null, &[]).await.0;
        if reply.is_some_and(|reply| reply.status == 204) {
            self.world.journal.done("games taken out");
        }
    }

    /// Puts on record that a user has a game.
    async fn give(&self, game: Uuid, user: Uuid) {
        let price = *self.world.chance.one_of(PRICES);
        let gift = json!({ "userId": user, "gameId": game, "price": amount(price) });
        self.scene.tell(|told| _ = told.gifts.insert((user, game)));
        let reply = self.ask("POST", "/purchase-history", gift, &[]).await.0;
        let Some(reply) = reply else { return };
        if reply.status == 201 {
            self.world.journal.done("games given away");
        }
        if reply.status == 201 || reply.problem() == "game-owned" {
            self.scene.tell(|told| _ = told.owns.insert((user, game)));
        }
    }

    /// Grants an achievement that nobody else grants, and perhaps takes it away.
    async fn reward(&self, game: Uuid, user: Uuid) {
        let chance = &self.world.chance;
        let path = format!("/games/{game}/achievements");
        let grant = json!({ "userId": user, "title": format!("A {}", chance.uuid()) });
        let (reply, is_sure) = match chance.happens(0.3) {
            true => {
                let ask = || self.ask("POST", &path, grant.clone(), &[]);
                let (one, two) = futures_util::join!(ask(), ask());
                (one.0.or(two.0), one.1 && two.1)
            }
            false => self.ask("POST", &path, grant, &[]).await,
        };
        let id = reply.filter(|reply| reply.status == 201);
        let Some(id) = id.and_then(|reply| reply.text("id").parse::<Uuid>().ok()) else { return };
        self.world.journal.done("achievements granted");
        let is = |is| self.scene.tell(|told| _ = told.achievements.insert(id, is));
        is(true);
        if chance.happens(0.6) {
            return;
        }
        let path = format!("{path}/{id}");
        let (reply, _) = self.ask("DELETE", &path, Value::Null, &[]).await;
        // One that was asked for twice may come back, as nobody knows of the other request.
        self.scene.tell(|told| _ = told.achievements.remove(&id));
        if is_sure && reply.is_some_and(|reply| reply.status == 204) {
            is(false);
        }
    }

    /// Puts a new game into the catalogue, with a key: asked for twice, it is one.
    async fn create(&self) {
        if self.scene.games.borrow().len() >= GAMES_MAX {
            return;
        }
        let (key, price) =
            (self.world.chance.uuid().to_string(), *self.world.chance.one_of(PRICES));
        let headers = [("idempotency-key", key.as_str())];
        let ask = || self.ask("POST", "/games", catalogued(price), &headers);
        let (one, two) = futures_util::join!(ask(), ask());
        let id = |reply: Option<Reply>| reply?.text("id").parse::<Uuid>().ok();
        let (one, two) = (id(one.0), id(two.0));
        if let (Some(one), Some(two)) = (one, two)
            && one != two
        {
            self.world.watch.report(format!("one key made two games: {one} {two}"));
        }
        self.scene.games.borrow_mut().extend(one.or(two));
    }

    /// As [`insist`].
    async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> (Option<Reply>, bool) {
        let call = Call { method, path, user: Some(self.user), headers, body };
        insist(self.world, &call).await
    }
}
