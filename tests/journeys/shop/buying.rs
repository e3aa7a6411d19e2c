//! Buying games: the six steps, and where they can lead instead.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Marquee, text, within},
    shop::storefront::{about, declined},
};

/// What an invoice is, one after the other.
const INVOICE_STATUSES: [&str; 3] = ["WAIT", "PROCESS", "OK"];

#[tokio::test]
async fn a_paid_cart_is_locked_invoiced_approved_recorded_told_to_the_games_and_emptied() {
    let marquee = Marquee::start_to_break().await;
    let user = Uuid::new_v4();
    let games = [marquee.new_game(10.0).await, marquee.new_game(15.5).await];
    for game in &games {
        marquee.add_to_cart(user, game).await;
    }
    assert_holds(&marquee.cart(user).await, "open", &games);

    // 1. It is locked while the request for an invoice waits.
    marquee.disable("invoice_requested", "on-invoice-requested").await;
    marquee.pay(user).await;
    let locked = marquee.cart(user).await;
    let invoices = marquee.invoices(user).await;
    marquee.enable("invoice_requested", "on-invoice-requested").await;
    assert_eq!(locked["status"], "INVOICE");
    assert_holds(&locked, "invoice sent", &games);
    assert!(invoices.is_empty(), "nobody was there to write it: {invoices:?}");

    // 2 and 3. The invoice waits, and is paid.
    let invoice = paid_invoice(&marquee, user, &text(&locked["invoiceId"])).await;
    assert_eq!((&invoice["userId"], &invoice["bill"]), (&json!(user), &json!(25.5)));
    let billed = invoice["items"].as_array().expect("items");
    assert_eq!(about(billed, &games[1])["price"], 15.5);

    // 6. The cart is emptied, once 4 and 5 are done: the purchases, and the games' own histories.
    let emptied = marquee.await_cart(user, "OPEN").await;
    assert_holds(&emptied, "open", &[]);
    let purchases = marquee.purchases(user).await;
    assert_eq!(purchases.len(), 2, "{purchases:?}");
    for (game, price) in games.iter().zip([10.0, 15.5]) {
        let purchase = about(&purchases, game);
        assert_eq!((&purchase["price"], &purchase["userId"]), (&json!(price), &json!(user)));
        assert_eq!(purchase["invoiceId"], invoice["id"]);
        let history = marquee.play_history(user, game).await;
        assert_eq!(history.len(), 1, "{history:?}");
        assert_eq!(
            (&history[0]["kind"], &history[0]["userId"]),
            (&json!("PURCHASED"), &json!(user))
        );
    }
}

/// A cart that is so described and has these games, each once.
#[track_caller]
fn assert_holds(cart: &Value, description: &str, games: &[String]) {
    assert_eq!(cart["description"], description, "{cart}");
    let items = cart["items"].as_array().expect("items");
    assert_eq!(items.len(), games.len(), "{cart}");
    for game in games {
        about(items, game);
    }
    let total: f64 = items.iter().filter_map(|item| item["price"].as_f64()).sum();
    assert_eq!(cart["total"], total, "{cart}");
}

/// The invoice when it is paid, which it must come to be without a way back.
async fn paid_invoice(marquee: &Marquee, user: Uuid, id: &str) -> Value {
    let path = format!("/invoices/{id}");
    let mut statuses: Vec<String> = Vec::new();
    let paid = within(Duration::from_secs(60), async || {
        let reply = marquee.get_as(user, &path).await;
        if reply.status == 200 {
            statuses.push(text(&reply.json()["status"]));
        }
        statuses.last().is_some_and(|status| status == "OK")
    });
    assert!(paid.await, "never paid: {statuses:?}");
    let steps = statuses.iter().map(|status| INVOICE_STATUSES.iter().position(|s| s == status));
    let steps: Option<Vec<_>> = steps.collect();
    assert!(steps.is_some_and(|steps| steps.is_sorted()), "{statuses:?}");
    marquee.get_as(user, &path).await.expect(200)
}

#[tokio::test]
async fn the_price_is_the_catalogues_when_paying_whatever_the_client_said() {
    let marquee = Marquee::start().await;
    let user = Uuid::new_v4();
    let game = marquee.new_game(20.0).await;
    let cheap = json!({ "gameId": game, "price": 0.01 });
    let item = marquee.post_as(user, "/shoppingCart/items", &cheap).await.expect(201);
    assert_eq!(item["price"], 20.0, "{item}");
    marquee.offer(&game, 25.5).await;
    marquee.pay(user).await;
    let invoice = marquee.await_invoice(user, "OK").await;
    assert_eq!(invoice["bill"], 25.5, "{invoice}");
    marquee.await_cart(user, "OPEN").await;
    let purchases = marquee.purchases(user).await;
    assert_eq!(about(&purchases, &game)["price"], 25.5, "{purchases:?}");
}

#[tokio::test]
async fn a_rejected_cart_keeps_its_games_and_can_be_paid_again() {
    let marquee = Marquee::start().await;
    let user = Uuid::new_v4();
    let game = marquee.new_game(12.0).await;
    let item = marquee.add_to_cart(user, &game).await;
    marquee.pay_with(user, &declined()).await;
    let rejected = marquee.await_cart(user, "REJECTED").await;
    assert_eq!(rejected["description"], "payment rejected");
    assert!(text(&rejected["reason"]).contains("declined"), "{rejected}");
    assert_eq!(rejected["items"], json!([item]));
    let first = marquee.await_invoice(user, "REJECTED").await;
    assert!(text(&first["reason"]).contains("declined"), "{first}");
    assert!(marquee.purchases(user).await.is_empty(), "nothing was paid for");
    assert!(marquee.play_history(user, &game).await.is_empty(), "nothing was paid for");

    // It is not locked either.
    let second = marquee.new_game(3.0).await;
    marquee.add_to_cart(user, &second).await;
    marquee.pay(user).await;
    let opened = marquee.await_cart(user, "OPEN").await;
    assert!(opened.get("reason").is_none_or(Value::is_null), "{opened}");
    let paid = marquee.await_invoice(user, "OK").await;
    assert_ne!(paid["id"], first["id"]);
    assert_eq!(paid["bill"], 15.0, "{paid}");
    let purchases = marquee.purchases(user).await;
    assert_eq!(purchases.len(), 2, "{purchases:?}");
    assert_eq!(about(&purchases, &game)["invoiceId"], paid["id"]);
}

#[tokio::test]
async fn a_cart_whose_game_is_gone_is_stuck_and_goes_on_when_the_game_is_back() {
    let marquee = Marquee::start_with_few_retries().await;
    let user = Uuid::new_v4();
    let (kept, gone) = (marquee.new_game(10.0).await, marquee.new_game(20.0).await);
    marquee.add_to_cart(user, &kept).await;
    marquee.add_to_cart(user, &gone).await;
    marquee.disable("cart_approved", "on-cart-approved").await;
    marquee.pay(user).await;
    let approved = marquee.await_cart(user, "APPROVED").await;
    marquee.take_off_sale(&gone).await;
    marquee.enable("cart_approved", "on-cart-approved").await;
    assert!(text(&approved["description"]).starts_with("paid"), "{approved}");

    let stuck = marquee.await_cart(user, "STUCK").await;
    assert!(text(&stuck["reason"]).contains(&gone), "it does not say which game: {stuck}");
    let other = json!({ "gameId": marquee.new_game(1.0).await });
    let locked = marquee.post_as(user, "/shoppingCart/items", &other).await;
    assert_eq!(locked.problem(409, "cart-locked")["cart_status"], "STUCK");
    let again = marquee.set_cart_status(user, "INVOICE", None).await;
    assert_eq!((again.status, &again.json()["cart_status"]), (409, &json!("STUCK")));

    // Whatever it costs by now, it is paid for.
    marquee.offer(&gone, 99.0).await;
    marquee.set_cart_status(user, "APPROVED", None).await.expect_no_content();
    let emptied = marquee.await_cart(user, "OPEN").await;
    assert_holds(&emptied, "open", &[]);
    let purchases = marquee.purchases(user).await;
    assert_eq!(purchases.len(), 2, "{purchases:?}");
    assert_eq!(about(&purchases, &gone)["price"], 20.0);
    for game in [&kept, &gone] {
        let history = marquee.play_history(user, game).await;
        assert_eq!(history.len(), 1, "{history:?}");
    }
    assert_eq!(marquee.invoices(user).await.len(), 1, "paid once");
}
