//! Customers who do two things at once.

use futures_util::future::join_all;
use marquee_shop_domain::cart::CartStatus;
use serde_json::{Value, json};

use crate::shop::storefront::{Storefront, user};

#[tokio::test]
async fn paying_many_times_at_once_is_one_payment() {
    let shop = Storefront::new().await;
    let game = shop.game("5").await;
    shop.fill(user(1), &[game]).await;
    let answers = join_all((0..10).map(|_| shop.pay(user(1)))).await;
    assert!(answers.iter().all(|(status, _)| *status == 204), "{answers:?}");
    assert_eq!(shop.cart(user(1)).await.payments, 1);
    assert_eq!(shop.events("invoice_requested").await.len(), 1);
}

/// Whoever comes first: either the game is in the cart that is paid for, or it is refused.
#[tokio::test]
async fn what_is_put_in_while_the_cart_is_paid_for_is_charged_or_refused() {
    for _ in 0..10 {
        let shop = Storefront::new().await;
        let games = [shop.game("5").await, shop.game("7").await];
        shop.fill(user(1), &games[..1]).await;
        let item = json!({ "gameId": games[1].uuid() });
        let add = shop.call(user(1), "POST", "/shoppingCartItems", &item);
        let ((paid, _), (added, _)) = tokio::join!(shop.pay(user(1)), add);
        let cart = shop.cart(user(1)).await;
        assert_eq!((paid, cart.status), (204, CartStatus::Invoice));
        match added {
            201 => assert_eq!(cart.items.len(), 2),
            409 => assert_eq!(cart.items.len(), 1),
            other => panic!("{other}"),
        }
    }
}

/// A user comes to have a game by hand while they pay for it: one of the two is refused, always.
#[tokio::test]
async fn nobody_pays_for_a_game_that_is_theirs() {
    let (mut paid_first, mut given_first) = (0, 0);
    for round in 0..20 {
        let shop = Storefront::new().await;
        let game = shop.game("5").await;
        shop.fill(user(1), &[game]).await;
        let gift = json!({ "userId": user(1).uuid(), "gameId": game.uuid(), "price": 5 });
        let give = async {
            if round % 2 == 0 {
                tokio::task::yield_now().await;
            }
            shop.call(user(0), "POST", "/purchase-history", &gift).await
        };
        let ((paid, _), (given, problem)) = tokio::join!(shop.pay(user(1)), give);
        match (paid, given) {
            (204, 409) => paid_first += 1,
            (409, 201) => given_first += 1,
            other => panic!("{other:?}: {problem}"),
        }
    }
    assert!(paid_first + given_first == 20);
    // And one after the other.
    let shop = Storefront::new().await;
    let game = shop.game("5").await;
    let gift = json!({ "userId": user(1).uuid(), "gameId": game.uuid(), "price": 5 });
    assert_eq!(shop.call(user(0), "POST", "/purchase-history", &gift).await.0, 201);
    let (status, problem) = shop.call(user(0), "POST", "/purchase-history", &gift).await;
    assert_eq!((status, &problem["type"]), (409, &json!("/problems/game-owned")));
    shop.fill(user(1), &[game]).await;
    let (status, problem) = shop.pay(user(1)).await;
    assert_eq!((status, &problem["type"]), (409, &json!("/problems/game-owned")));
    shop.settle(user(1)).await;
    assert_eq!(shop.times_in_history(user(1), game).await, 1);
    assert_eq!(shop.call(user(1), "GET", "/shoppingCart", &Value::Null).await.0, 200);
}
