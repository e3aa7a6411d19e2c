//! Invoices and purchases, as lists of them are read.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Marquee, eventually, text},
    shop::storefront::{about, declined},
};

/// Somebody with an invoice that was rejected and one that was paid after it.
async fn payer(marquee: &Marquee) -> (Uuid, Value, Value) {
    let user = Uuid::new_v4();
    let game = marquee.new_game(30.0).await;
    marquee.add_to_cart(user, &game).await;
    marquee.pay_with(user, &declined()).await;
    marquee.await_cart(user, "REJECTED").await;
    let rejected = marquee.await_invoice(user, "REJECTED").await;
    marquee.pay(user).await;
    let paid = marquee.await_invoice(user, "OK").await;
    (user, rejected, paid)
}

#[tokio::test]
async fn invoices_are_listed_by_user_status_and_time_newest_first() {
    let marquee = Marquee::start().await;
    let (user, rejected, paid) = payer(&marquee).await;
    let since = format!("&updatedFrom={}", text(&rejected["updatedAt"]));
    let both = vec![&paid, &rejected];
    for (query, expected) in [
        ("", both.clone()),
        ("&limit=1", both.clone()),
        ("&status=OK", vec![&paid]),
        ("&status=REJECTED", vec![&rejected]),
        ("&status=PROCESS", vec![]),
        (since.as_str(), both.clone()),
        ("&updatedFrom=2020-01-01T00:00:00Z&updatedTo=2100-01-01T00:00:00Z", both),
        ("&status=OK&updatedTo=2100-01-01T00:00:00Z&limit=1", vec![&paid]),
        ("&updatedFrom=2100-01-01T00:00:00Z", vec![]),
        ("&updatedTo=2020-01-01T00:00:00Z", vec![]),
    ] {
        let path = format!("/invoices?userId={user}{query}");
        let mut seen = Vec::new();
        let listed = eventually(async || {
            seen = marquee.all_as(user, &path).await;
            seen.iter().collect::<Vec<_>>() == expected
        });
        assert!(listed.await, "{path}: {seen:?}");
    }
    for (query, field) in [
        ("status=EATEN", "status"),
        ("updatedFrom=today", "updatedFrom"),
        ("updatedTo=tomorrow", "updatedTo"),
        ("cursor=nonsense!", "cursor"),
    ] {
        let reply = marquee.get_as(user, &format!("/invoices?userId={user}&{query}")).await;
        assert_eq!(reply.problem(400, "malformed-request")["field"], field, "{query}");
    }
}

#[tokio::test]
async fn an_invoice_is_its_users_and_in_no_list_of_anothers() {
    let marquee = Marquee::start().await;
    let (user, rejected, paid) = payer(&marquee).await;
    let (other, _, others) = payer(&marquee).await;
    for invoice in [&rejected, &paid] {
        assert_eq!((&invoice["userId"], &invoice["bill"]), (&json!(user), &json!(30.0)));
        assert!(text(&invoice["id"]).starts_with(&format!("{user}-")), "{invoice}");
        let found = marquee.get_as(user, &format!("/invoices/{}", text(&invoice["id"]))).await;
        assert_eq!(&found.expect(200), invoice);
    }
    let listed = marquee.invoices(other).await;
    assert!(listed.contains(&others), "{listed:?}");
    assert!(!listed.contains(&paid) && !listed.contains(&rejected), "{listed:?}");
    let unknown = marquee.get_as(user, &format!("/invoices/{user}-999")).await;
    unknown.problem(404, "not-found");
}

#[tokio::test]
async fn a_purchase_by_hand_is_in_the_users_history_and_in_the_games() {
    let marquee = Marquee::start().await;
    let (user, other) = (Uuid::new_v4(), Uuid::new_v4());
    let (game, second) = (marquee.new_game(9.0).await, marquee.new_game(10.0).await);
    let purchase = marquee.record_purchase(user, &game, 7.5).await.expect(201);
    assert_eq!((&purchase["userId"], &purchase["gameId"]), (&json!(user), &json!(game)));
    assert_eq!(purchase["price"], 7.5, "what was paid, and not what it costs: {purchase}");
    assert!(text(&purchase["purchasedAt"]).ends_with('Z'), "{purchase}");
    assert!(purchase.get("invoiceId").is_none_or(Value::is_null), "{purchase}");
    marquee.record_purchase(user, &second, 10.0).await.expect(201);
    let again = marquee.record_purchase(user, &game, 9.0).await;
    let again = again.problem(409, "game-owned");
    assert!(again.to_string().contains(&game), "it does not name {game}: {again}");

    let purchases = marquee.purchases(user).await;
    assert_eq!(purchases.len(), 2, "{purchases:?}");
    assert_eq!(about(&purchases, &game), &purchase);
    let paged = marquee.all_as(user, "/purchase-history?limit=1").await;
    assert_eq!(paged.len(), 2, "page by page: {paged:?}");
    let games = marquee.all_as(user, "/purchase-history/games").await;
    assert_eq!(games.len(), 2, "{games:?}");
    let in_catalogue = marquee.get(&format!("/games/{game}")).await.expect(200);
    assert!(games.contains(&in_catalogue), "{games:?}");
    let path = format!("/purchase-history/games/{game}");
    assert_eq!(marquee.get_as(user, &path).await.expect(200), purchase);
    marquee.get_as(other, &path).await.problem(404, "not-found");
    assert!(marquee.purchases(other).await.is_empty());

    let history = marquee.await_play_history(user, &game, 1).await;
    assert_eq!((&history[0]["kind"], &history[0]["userId"]), (&json!("PURCHASED"), &json!(user)));
}
