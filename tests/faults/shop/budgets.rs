//! What a purchase costs, by DynamoDB's own account. `--nocapture` prints it.

use std::time::Duration;

use marquee_lambda::consumer::Outcome;
use marquee_messaging::backends::memory::MemoryBroker;
use marquee_shop::store::views::GamesBy;
use marquee_shop_domain::game::GameFilter;

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
    lines.push(Line::new("pay", &shop.meter, 7.0, 2.0));
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
    let life = Line::total("the purchase, from paying on", &lines, 18.5, 27.0);
    assert_eq!(life.sum(), (25, 18.5, 27.0));
    lines.insert(0, fill);
    step("aggregator_queue").await;
    let views = Line::new("the views of three games and a user", &shop.meter, 11.0, 12.0);
    step("aggregator_queue").await;
    let again = Line::new("the same event once more", &shop.meter, 11.0, 0.0);
    assert!(shop.cart(buyer).await.items.is_empty());
    assert_eq!(shop.owned(buyer).await.len(), 3);
    lines.extend([life, views, again]);
    settle(&lines);
}

#[tokio::test]
async fn a_look_for_carts_that_wait_and_publishing_again_what_one_waits_for() {
    let shop = Storefront::new().await;
    let limits = retry_carts::Limits {
        retry_after: Duration::from_secs(900),
        retries_max: 8,
        run_for: Duration::from_secs(90),
    };
    let broker = MemoryBroker::new(marquee_contexts::topology(), 10);
    let retry = async || {
        let run = retry_carts::run(&shop.store, &broker, &shop.clock, limits).await;
        run.expect("a run").published
    };
    shop.meter.take();
    assert_eq!(retry().await, 0);
    let empty = Line::new("look for carts that wait, with none", &shop.meter, 2.0, 0.0);
    let game = shop.game("5").await;
    shop.fill(user(1), &[game]).await;
    shop.pay(user(1)).await;
    shop.clock.advance(limits.retry_after);
    shop.meter.take();
    assert_eq!(retry().await, 1);
    settle(&[empty, Line::new("publish again what one waits for", &shop.meter, 4.0, 3.0)]);
}

#[tokio::test]
async fn a_page_of_a_list_costs_what_it_shows_and_a_rebuild_what_it_counts() {
    let shop = Storefront::new().await;
    for n in 0..60 {
        shop.game(&n.to_string()).await;
    }
    shop.aggregate().await;
    shop.meter.take();
    shop.store.catalogue(&GameFilter::default(), 50, None).await.expect("a page");
    let games = Line::new("50 games", &shop.meter, 27.0, 0.0);
    shop.store.games_by(GamesBy::Players, 50, None).await.expect("a page");
    let views = Line::new("50 games by players", &shop.meter, 27.0, 0.0);
    let empty = Storefront::new().await;
    empty.game("1").await;
    empty.meter.take();
    empty.store.rebuild(None).await.expect("a step");
    settle(&[games, views, Line::new("rebuild one game", &empty.meter, 67.5, 4.0)]);
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
