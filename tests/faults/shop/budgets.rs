//! What a purchase costs, by DynamoDB's own account. `--nocapture` prints it.

use marquee_lambda::consumer::Outcome;

use crate::{
    price::{Line, settle},
    shop::storefront::{Storefront, user},
};

#[tokio::test]
async fn a_purchase_of_three_games_from_the_cart_to_the_cleaned_cart() {
    let shop = Storefront::new().await;
    let games = [shop.game("10").await, shop.game("20").await, shop.game("30").await];
    shop.aggregate().await;
    let buyer = user(1);
    let mut lines = Vec::new();
    shop.meter.take();
    shop.fill(buyer, &games).await;
    let fill = Line::new("put three games into the cart", &shop.meter, 6.0, 3.0);
    shop.pay(buyer).await;
    lines.push(Line::new("pay", &shop.meter, 8.0, 2.0));
    let step = async |queue: &'static str| {
        let message = shop.events(queue).await.pop().expect("an event");
        assert_eq!(shop.deliver(queue, &message).await, Some(Outcome::Done));
    };
    step("invoice_requested").await;
    lines.push(Line::new("put the invoice on record", &shop.meter, 1.0, 2.0));
    shop.process().await.expect("a run");
    lines.push(Line::new("process the invoice", &shop.meter, 5.0, 5.0));
    step("invoice_result").await;
    lines.push(Line::new("approve the cart", &shop.meter, 1.0, 1.0));
    step("cart_approved").await;
    lines.push(Line::new("record the purchases", &shop.meter, 1.0, 3.0));
    step("purchase_recorded").await;
    lines.push(Line::new("the games' histories, and empty the cart", &shop.meter, 3.5, 14.0));
    let life = Line::total("the purchase, from paying on", &lines, 19.5, 27.0);
    lines.insert(0, fill);
    step("aggregator_queue").await;
    let views = Line::new("the views of three games and a user", &shop.meter, 13.0, 14.0);
    assert!(shop.cart(buyer).await.items.is_empty());
    assert_eq!(shop.owned(buyer).await.len(), 3);
    lines.extend([life, views]);
    settle(&lines);
}

#[tokio::test]
async fn a_look_for_invoices_with_nothing_to_do_costs_a_read_unit() {
    let shop = Storefront::new().await;
    shop.meter.take();
    shop.process().await.expect("a run");
    let empty = Line::new("look for invoices, of which there are none", &shop.meter, 1.0, 0.0);
    assert_eq!(empty.sum(), (2, 1.0, 0.0));
    settle(&[empty]);
}

#[tokio::test]
async fn a_search_of_the_catalogue_reads_the_index_and_then_what_it_shows() {
    let shop = Storefront::new().await;
    for n in 0..200 {
        shop.game(&n.to_string()).await;
    }
    shop.meter.take();
    let path = "/games?minPrice=190&limit=50";
    let (status, found) = shop.call(user(0), "GET", path, &serde_json::Value::Null).await;
    assert_eq!((status, found.as_array().map(Vec::len)), (200, Some(10)));
    settle(&[Line::new("10 games of 200 by their price", &shop.meter, 18.0, 0.0)]);
}
