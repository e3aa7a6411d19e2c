//! Invoices that Stripe is asked to charge.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{harness::Marquee, stripe::Stripe};

const CARD: &str = "pm_card_visa";

/// What Stripe has of the user's n-th invoice.
async fn charged(stripe: &Stripe, user: Uuid, nth: u32) -> Value {
    let id = Uuid::new_v5(&user, format!("invoice {nth}").as_bytes());
    stripe.ledger_of("invoice", id).await
}

/// Pays by this method, if one is named.
async fn pay_by(marquee: &Marquee, user: Uuid, method: Option<&str>) {
    let (name, body) = (user.to_string(), json!({ "paymentMethod": method }));
    let headers = [("x-user-id", name.as_str())];
    let path = "/shoppingCart?status=INVOICE";
    let reply = marquee.send(reqwest::Method::PATCH, path, &headers, Some(body.to_string())).await;
    reply.expect_no_content();
}

#[tokio::test]
async fn a_card_pays_an_invoice_once_to_the_cent() {
    let (marquee, stripe) = Marquee::start_with_stripe().await;
    let user = Uuid::new_v4();
    for price in [12.5, 0.99] {
        let game = marquee.new_game(price).await;
        marquee.add_to_cart(user, &game).await;
    }
    pay_by(&marquee, user, Some(CARD)).await;
    marquee.await_cart(user, "OPEN").await;
    assert_eq!(marquee.purchases(user).await.len(), 2);
    let ledger = charged(&stripe, user, 1).await;
    assert_eq!((&ledger["captured"], &ledger["refunded"]), (&json!(1_349), &json!(0)));
}

#[tokio::test]
async fn a_card_that_is_declined_or_missing_or_whose_bank_asks_rejects_the_cart_and_holds_nothing()
{
    let (marquee, stripe) = Marquee::start_with_stripe().await;
    let game = marquee.new_game(20.0).await;
    for method in [Some("pm_card_chargeDeclined"), None, Some("pm_card_threeDSecure2Required")] {
        let user = Uuid::new_v4();
        marquee.add_to_cart(user, &game).await;
        pay_by(&marquee, user, method).await;
        let rejected = marquee.await_cart(user, "REJECTED").await;
        assert!(rejected["reason"].is_string(), "{rejected}");
        let ledger = charged(&stripe, user, 1).await;
        assert_eq!((&ledger["captured"], &ledger["held"]), (&json!(0), &json!(0)), "{method:?}");

        pay_by(&marquee, user, Some(CARD)).await;
        marquee.await_cart(user, "OPEN").await;
        assert_eq!(charged(&stripe, user, 2).await["captured"], 2_000);
        assert_eq!(charged(&stripe, user, 1).await["captured"], 0);
    }
}
