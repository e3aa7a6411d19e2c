//! Short words for the games shop.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Marquee, text, within},
    reply::Reply,
};

/// From paying to the empty cart is six messages, and on a deployed system up to ten seconds
/// until somebody looks for invoices.
const PURCHASE_TIME_MAX: Duration = Duration::from_secs(60);

/// A payment that the provider declines.
pub(crate) fn declined() -> String {
    payment_ending("000000000402")
}

/// A payment of which the provider says nothing.
pub(crate) fn unanswered() -> String {
    payment_ending("000000000408")
}

/// One that no other journey uses.
fn payment_ending(digits: &str) -> String {
    format!("{}{digits}", &Uuid::new_v4().to_string()[..24])
}

/// The entry about this game.
#[track_caller]
pub(crate) fn about<'a>(entries: &'a [Value], game: &str) -> &'a Value {
    let entry = entries.iter().find(|entry| entry["gameId"] == game);
    entry.unwrap_or_else(|| panic!("nothing about {game}: {entries:?}"))
}

impl Marquee {
    /// The id of a game of the test's own.
    pub(crate) async fn new_game(&self, price: f64) -> String {
        let game = json!({ "title": format!("Game {}", Uuid::new_v4()), "basePrice": price });
        text(&self.post("/games", &game).await.expect(201)["id"])
    }

    /// Offers the game at this price from now on, whether or not it is there.
    pub(crate) async fn offer(&self, game: &str, price: f64) {
        let body = json!({ "title": format!("Game {game}"), "basePrice": price });
        self.put(&format!("/games/{game}"), &body).await.expect(200);
    }

    pub(crate) async fn take_off_sale(&self, game: &str) {
        self.delete_as(Uuid::new_v4(), &format!("/games/{game}")).await.expect_no_content();
    }

    /// A list as this user sees it, to its end.
    pub(crate) async fn all_as(&self, user: Uuid, path: &str) -> Vec<Value> {
        let (mut items, mut next) = (Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let reply = self.get_as(user, &path).await;
            items.extend(reply.expect(200).as_array().expect("a bare array").iter().cloned());
            next = reply.next_page();
        }
        items
    }

    /// The item of a game that must fit in the cart.
    pub(crate) async fn add_to_cart(&self, user: Uuid, game: &str) -> Value {
        self.post_as(user, "/shoppingCart/items", &json!({ "gameId": game })).await.expect(201)
    }

    pub(crate) async fn cart(&self, user: Uuid) -> Value {
        self.get_as(user, "/shoppingCart").await.expect(200)
    }

    /// With no body, if no payment is named.
    pub(crate) async fn set_cart_status(
        &self,
        user: Uuid,
        status: &str,
        payment: Option<&str>,
    ) -> Reply {
        let user = user.to_string();
        let headers = [("x-user-id", user.as_str())];
        let body = payment.map(|payment| json!({ "paymentId": payment }).to_string());
        self.send(Method::PATCH, &format!("/shoppingCart?status={status}"), &headers, body).await
    }

    /// Pays for a cart that must be fit for it.
    pub(crate) async fn pay(&self, user: Uuid) {
        self.set_cart_status(user, "INVOICE", None).await.expect_no_content();
    }

    pub(crate) async fn pay_with(&self, user: Uuid, payment: &str) {
        self.set_cart_status(user, "INVOICE", Some(payment)).await.expect_no_content();
    }

    /// Waits until the cart has this status.
    pub(crate) async fn await_cart(&self, user: Uuid, status: &str) -> Value {
        let mut seen = Value::Null;
        let found = within(PURCHASE_TIME_MAX, async || {
            seen = self.cart(user).await;
            seen["status"] == status
        });
        assert!(found.await, "never {status}: {seen}");
        seen
    }

    /// Buys these games, from the cart to the cleaned cart.
    pub(crate) async fn buy(&self, user: Uuid, games: &[&str]) {
        for game in games {
            self.add_to_cart(user, game).await;
        }
        self.pay(user).await;
        self.await_cart(user, "OPEN").await;
    }

    /// The user's invoices, newest first.
    pub(crate) async fn invoices(&self, user: Uuid) -> Vec<Value> {
        self.all_as(user, &format!("/invoices?userId={user}")).await
    }

    /// Waits until an invoice of the user has this status.
    pub(crate) async fn await_invoice(&self, user: Uuid, status: &str) -> Value {
        let mut seen = Vec::new();
        let found = within(PURCHASE_TIME_MAX, async || {
            seen = self.invoices(user).await;
            seen.iter().any(|invoice| invoice["status"] == status)
        });
        assert!(found.await, "never {status}: {seen:?}");
        seen.into_iter().find(|invoice| invoice["status"] == status).expect("it was there")
    }

    pub(crate) async fn purchases(&self, user: Uuid) -> Vec<Value> {
        self.all_as(user, "/purchase-history").await
    }

    /// Records a purchase by hand, as staff do.
    pub(crate) async fn record_purchase(&self, user: Uuid, game: &str, price: f64) -> Reply {
        let purchase = json!({ "userId": user, "gameId": game, "price": price });
        self.post("/purchase-history", &purchase).await
    }

    /// What the game's own history has of the user.
    pub(crate) async fn play_history(&self, user: Uuid, game: &str) -> Vec<Value> {
        self.all_as(user, &format!("/games/{game}/playHistory?userId={user}")).await
    }

    /// Waits until the game's own history has so many entries of the user.
    pub(crate) async fn await_play_history(
        &self,
        user: Uuid,
        game: &str,
        count: usize,
    ) -> Vec<Value> {
        let mut seen = Vec::new();
        let found = within(PURCHASE_TIME_MAX, async || {
            seen = self.play_history(user, game).await;
            seen.len() == count
        });
        assert!(found.await, "never {count}: {seen:?}");
        seen
    }
}
