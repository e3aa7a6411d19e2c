//! The cart: what goes in and out, and what cannot be paid for.

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Marquee, text},
    shop::storefront::{about, unanswered},
};

#[tokio::test]
async fn a_cart_answers_to_both_its_names_and_has_a_game_once() {
    let marquee = Marquee::start().await;
    let user = Uuid::new_v4();
    let (one, other) = (marquee.new_game(10.0).await, marquee.new_game(5.5).await);
    let add = async |path: &str, game: &str| {
        marquee.post_as(user, path, &json!({ "gameId": game })).await.expect(201)
    };
    let first = add("/shoppingCart/items", &one).await;
    assert_eq!((&first["gameId"], &first["price"]), (&json!(one), &json!(10.0)));
    assert_eq!(add("/shoppingCartItems", &one).await["id"], first["id"], "it is in there already");
    let second = add("/shoppingCartItems", &other).await;
    for path in ["/shoppingCart/items", "/shoppingCartItems"] {
        let items = marquee.all_as(user, path).await;
        assert_eq!(items.len(), 2, "{path}: {items:?}");
        for item in [&first, &second] {
            assert!(items.contains(item), "{path}: {items:?}");
            let found = marquee.get_as(user, &format!("{path}/{}", text(&item["id"]))).await;
            assert_eq!(&found.expect(200), item, "{path}");
        }
    }
    let cart = marquee.cart(user).await;
    assert_eq!((&cart["userId"], &cart["total"]), (&json!(user), &json!(15.5)), "{cart}");
    assert_eq!((&cart["status"], &cart["description"]), (&json!("OPEN"), &json!("open")));
}

#[tokio::test]
async fn what_is_taken_out_of_a_cart_by_its_id_or_its_game_is_gone() {
    let marquee = Marquee::start().await;
    let user = Uuid::new_v4();
    let mut games = Vec::new();
    for _ in 0..4 {
        games.push(marquee.new_game(1.0).await);
    }
    for (path, two) in ["/shoppingCart/items", "/shoppingCartItems"].iter().zip(games.chunks(2)) {
        let by_id = text(&marquee.add_to_cart(user, &two[0]).await["id"]);
        let by_game = text(&marquee.add_to_cart(user, &two[1]).await["id"]);
        marquee.delete_as(user, &format!("{path}/{by_id}")).await.expect_no_content();
        let left = marquee.all_as(user, path).await;
        assert_eq!(left.len(), 1, "{path}: {left:?}");
        about(&left, &two[1]);
        let query = format!("{path}?gameId={}", two[1]);
        marquee.delete_as(user, &query).await.expect_no_content();
        for id in [&by_id, &by_game] {
            marquee.get_as(user, &format!("{path}/{id}")).await.problem(404, "not-found");
        }
    }
    let cart = marquee.cart(user).await;
    assert_eq!((&cart["items"], &cart["total"]), (&json!([]), &json!(0.0)), "{cart}");
}

#[tokio::test]
async fn carts_are_their_users_own() {
    let marquee = Marquee::start().await;
    let (user, other) = (Uuid::new_v4(), Uuid::new_v4());
    let game = marquee.new_game(2.0).await;
    let item =
        format!("/shoppingCartItems/{}", text(&marquee.add_to_cart(user, &game).await["id"]));
    assert_eq!(marquee.cart(other).await["items"], json!([]));
    marquee.get_as(other, &item).await.problem(404, "not-found");
    let query = format!("/shoppingCartItems?gameId={game}");
    marquee.delete_as(other, &query).await;
    marquee.get_as(user, &item).await.expect(200);
}

/// The provider does not answer, so the invoice goes on waiting.
#[tokio::test]
async fn a_cart_that_is_being_paid_for_is_locked() {
    let marquee = Marquee::start().await;
    let user = Uuid::new_v4();
    let (game, other) = (marquee.new_game(7.0).await, marquee.new_game(1.0).await);
    let item = marquee.add_to_cart(user, &game).await;
    marquee.pay_with(user, &unanswered()).await;
    let waiting = marquee.await_invoice(user, "WAIT").await;
    assert_eq!(waiting["bill"], 7.0, "{waiting}");

    let body = json!({ "gameId": other });
    let item = format!("/shoppingCartItems/{}", text(&item["id"]));
    let query = format!("/shoppingCartItems?gameId={game}");
    for refused in [
        marquee.post_as(user, "/shoppingCartItems", &body).await,
        marquee.delete_as(user, &item).await,
        marquee.delete_as(user, &query).await,
    ] {
        assert_eq!(refused.problem(409, "cart-locked")["cart_status"], "INVOICE");
    }
    // Nor does it come by the game another way.
    marquee.record_purchase(user, &game, 7.0).await.problem(409, "cart-locked");

    // It is being paid for already.
    marquee.pay(user).await;
    let cart = marquee.cart(user).await;
    assert_eq!(
        (&cart["status"], &cart["description"]),
        (&json!("INVOICE"), &json!("invoice sent"))
    );
    assert_eq!(cart["invoiceId"], waiting["id"]);
    assert_eq!(cart["items"].as_array().map(Vec::len), Some(1), "{cart}");
    let invoices = marquee.invoices(user).await;
    assert_eq!(invoices.len(), 1, "{invoices:?}");
}

#[tokio::test]
async fn an_empty_cart_is_not_paid_for() {
    let marquee = Marquee::start().await;
    let user = Uuid::new_v4();
    let empty = marquee.cart(user).await;
    assert_eq!((&empty["status"], &empty["items"]), (&json!("OPEN"), &json!([])), "{empty}");
    let refused = marquee.set_cart_status(user, "INVOICE", None).await;
    refused.problem(409, "cart-empty");
}

#[tokio::test]
async fn a_game_that_the_user_has_is_not_paid_for_again() {
    let marquee = Marquee::start().await;
    let user = Uuid::new_v4();
    let (owned, other) = (marquee.new_game(4.0).await, marquee.new_game(6.0).await);
    marquee.add_to_cart(user, &owned).await;
    marquee.add_to_cart(user, &other).await;
    marquee.record_purchase(user, &owned, 4.0).await.expect(201);
    let refused = marquee.set_cart_status(user, "INVOICE", None).await;
    names(&refused.problem(409, "game-owned"), &owned);
    let query = format!("/shoppingCart/items?gameId={owned}");
    marquee.delete_as(user, &query).await.expect_no_content();
    marquee.pay(user).await;
    marquee.await_cart(user, "OPEN").await;
    assert_eq!(marquee.await_invoice(user, "OK").await["bill"], 6.0);
}

#[tokio::test]
async fn a_game_that_is_not_sold_any_more_is_not_paid_for() {
    let marquee = Marquee::start().await;
    let user = Uuid::new_v4();
    let game = marquee.new_game(4.0).await;
    marquee.add_to_cart(user, &game).await;
    marquee.take_off_sale(&game).await;
    let refused = marquee.set_cart_status(user, "INVOICE", None).await;
    names(&refused.problem(409, "game-not-sold"), &game);
    assert!(marquee.invoices(user).await.is_empty());
    marquee.offer(&game, 5.0).await;
    marquee.pay(user).await;
    assert_eq!(marquee.await_invoice(user, "OK").await["bill"], 5.0);
}

/// Says which game it is about.
#[track_caller]
fn names(problem: &Value, game: &str) {
    assert!(problem.to_string().contains(game), "it does not name {game}: {problem}");
}

#[tokio::test]
async fn a_cart_takes_twenty_games_and_no_more() {
    let marquee = Marquee::start().await;
    let user = Uuid::new_v4();
    let games = join_all((0..21).map(|_| marquee.new_game(1.0))).await;
    for game in &games[..20] {
        marquee.add_to_cart(user, game).await;
    }
    let one_more = json!({ "gameId": games[20] });
    let refused = marquee.post_as(user, "/shoppingCart/items", &one_more).await;
    refused.problem(409, "cart-full");
    // What is in there already takes no room.
    marquee.add_to_cart(user, &games[7]).await;
    let cart = marquee.cart(user).await;
    assert_eq!(cart["items"].as_array().map(Vec::len), Some(20), "{cart}");
    assert_eq!(cart["total"], 20.0);
}

#[tokio::test]
async fn a_status_that_a_cart_cannot_be_given_is_refused_with_those_that_it_can() {
    let marquee = Marquee::start().await;
    let user = Uuid::new_v4();
    let unknown = marquee.set_cart_status(user, "EATEN", None).await;
    let unknown = unknown.problem(400, "malformed-request");
    assert_eq!(unknown["field"], "status", "{unknown}");
    for allowed in ["INVOICE", "APPROVED"] {
        assert!(text(&unknown["detail"]).contains(allowed), "{unknown}");
    }
    // Approving is for carts that are stuck.
    marquee.add_to_cart(user, &marquee.new_game(1.0).await).await;
    let refused = marquee.set_cart_status(user, "APPROVED", None).await;
    refused.problem(409, "cart-status-conflict");
    assert_eq!(marquee.cart(user).await["status"], "OPEN");
}
