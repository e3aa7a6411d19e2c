//! What comes to a stop: it is on record with the reason, and goes on when somebody says so.

use std::time::Duration;

use marquee_kernel::time::Clock;
use marquee_lambda::consumer::Outcome;
use marquee_messaging::{backends::memory::MemoryBroker, message::Message};
use marquee_shop_domain::cart::{Cart, CartStatus};
use marquee_testkit::{faulty::Fault, ledger::Trouble};
use retry_carts::{Limits, Report};
use serde_json::{Value, json};

use crate::{
    shop::storefront::{QUEUES, Storefront, user},
    system::{by_hand, drain},
};

const LIMITS: Limits = Limits {
    retry_after: Duration::from_secs(900),
    retries_max: 3,
    run_for: Duration::from_secs(90),
};

/// One run, and what it published.
async fn retry(shop: &Storefront) -> (Report, Vec<(&'static str, Message)>) {
    let broker = MemoryBroker::new(marquee_contexts::topology(), 1_000);
    let report = retry_carts::run(&shop.truth(), &broker, &shop.clock, LIMITS).await;
    let mut published = Vec::new();
    for queue in QUEUES {
        let messages = drain(&broker, queue).await;
        published.extend(messages.into_iter().map(|message| (queue, message)));
    }
    (report.expect("a run"), published)
}

async fn paid(shop: &Storefront) {
    let games = [shop.game("5").await, shop.game("6").await];
    shop.fill(user(1), &games).await;
    assert_eq!(shop.pay(user(1)).await.0, 204);
}

/// Each event of a purchase is lost in turn, and comes again when the cart has waited for long.
#[tokio::test]
async fn whichever_event_is_lost_the_cart_comes_to_its_end() {
    let shop = Storefront::new().await;
    paid(&shop).await;
    assert_eq!(retry(&shop).await.0, Report::default(), "it may be on its way");
    let mut kinds = Vec::new();
    for _ in 0..10 {
        shop.clock.advance(LIMITS.retry_after);
        // Nothing comes but what is published again.
        let (report, published) = retry(&shop).await;
        assert_eq!((report.failed, report.stuck), (0, 0));
        for (queue, message) in published {
            kinds.push(queue);
            assert_eq!(shop.deliver(queue, &message).await, Some(Outcome::Done));
        }
        shop.process().await;
        if shop.cart(user(1)).await.status == CartStatus::Open {
            break;
        }
    }
    assert_eq!(
        kinds,
        ["invoice_requested", "invoice_result", "cart_approved", "purchase_recorded"]
    );
    assert_eq!(shop.owned(user(1)).await.len(), 2);
    shop.clock.advance(LIMITS.retry_after);
    assert_eq!(retry(&shop).await.0, Report::default(), "nothing waits");
}

#[tokio::test]
async fn a_cart_that_waits_for_the_payment_provider_is_never_given_up() {
    let shop = Storefront::with_faults(|_, _| Fault::None, |_| Trouble::Lost).await;
    paid(&shop).await;
    let requested = shop.events("invoice_requested").await;
    shop.deliver("invoice_requested", &requested[0]).await.expect("it is handled");
    for _ in 0..10 {
        shop.process().await;
        shop.clock.advance(LIMITS.retry_after);
        let (report, _) = retry(&shop).await;
        assert_eq!((report.looked_at, report.published, report.stuck), (1, 0, 0));
    }
    assert_eq!(shop.cart(user(1)).await.status, CartStatus::Invoice);
}

#[tokio::test]
async fn an_event_of_which_nothing_comes_leaves_the_cart_stuck_and_it_can_be_resumed() {
    let shop = Storefront::new().await;
    paid(&shop).await;
    for published in [1, 1, 1, 0] {
        shop.clock.advance(LIMITS.retry_after);
        assert_eq!(retry(&shop).await.0.published, published);
    }
    let stuck = shop.cart(user(1)).await;
    assert_eq!((stuck.status, stuck.stuck_in), (CartStatus::Stuck, Some(CartStatus::Invoice)));
    assert!(stuck.reason.is_some_and(|reason| reason.contains("invoice.requested")));
    let first = shop.events("invoice_requested").await.remove(0);
    assert_eq!(shop.deliver("invoice_requested", &first).await, Some(Outcome::Done));
    assert_eq!(shop.process().await.expect("a run").paid, 0, "a stuck cart is not charged");

    let (status, answer) =
        shop.call(user(1), "PATCH", "/shoppingCart?status=APPROVED", &Value::Null).await;
    assert_eq!((status, &answer["cart_status"]), (409, &json!("STUCK")));
    assert_eq!(shop.pay(user(1)).await.0, 204, "the same payment goes on");
    let events = shop.events("invoice_requested").await;
    assert_eq!(events.len(), 2, "and it is told anew");
    let cart = shop.settle(user(1)).await;
    assert_eq!((cart.status, cart.payments), (CartStatus::Open, 1));
    let taken: u64 = shop.ledger.entries().values().map(|entry| entry.captured).sum();
    assert_eq!(taken, 1_100);
}

/// Whatever the step, its last try leaves the cart stuck with the reason, and resuming it brings it to
/// its end.
#[tokio::test]
async fn a_step_that_fails_for_the_last_time_leaves_the_cart_stuck_with_the_reason() {
    for nth in 0..4 {
        let shop = Storefront::new().await;
        paid(&shop).await;
        let mut steps = QUEUES.into_iter().take(nth + 1).peekable();
        while let Some(queue) = steps.next() {
            let message = shop.events(queue).await.pop().expect("an event");
            if steps.peek().is_some() {
                assert_eq!(shop.deliver(queue, &message).await, Some(Outcome::Done), "{queue}");
                shop.process().await;
                continue;
            }
            // As its consumer would, if storage had failed until now.
            shop.step(queue).give_up(&message, "on purpose").await;
        }
        let stuck = shop.cart(user(1)).await;
        assert_eq!(stuck.status, CartStatus::Stuck, "step {nth}");
        assert!(stuck.reason.is_some(), "it says why: {stuck:?}");
        let status = stuck.stuck_in.expect("where").into_str();
        let path = format!("/shoppingCart?status={status}");
        let old = shop.all_events().await;
        assert_eq!(shop.call(user(1), "PATCH", &path, &Value::Null).await.0, 204);
        let cart = shop.settle_without(&old, user(1)).await;
        assert_eq!((cart.status, cart.items.len(), cart.payments), (CartStatus::Open, 0, 1));
        assert_eq!(shop.owned(user(1)).await.len(), 2);
    }
}

#[tokio::test]
async fn a_game_that_is_gone_leaves_the_cart_stuck_until_it_is_back() {
    let shop = Storefront::new().await;
    paid(&shop).await;
    let gone = shop.cart(user(1)).await.items[0];
    for queue in &QUEUES[..3] {
        let message = shop.events(queue).await.pop().expect("an event");
        shop.deliver(queue, &message).await.expect("it is handled");
        shop.process().await;
    }
    let path = format!("/games/{}", gone.game);
    assert_eq!(shop.call(user(0), "DELETE", &path, &Value::Null).await.0, 204);
    let message = shop.events("purchase_recorded").await.pop().expect("an event");
    let again = shop.deliver("purchase_recorded", &message).await;
    assert!(matches!(again, Some(Outcome::RetryLater(_))), "{again:?}");
    assert_eq!(shop.cart(user(1)).await.status, CartStatus::Approved, "it may come back");
    shop.deliver_as("purchase_recorded", &message, true).await;
    let stuck = shop.cart(user(1)).await;
    assert_eq!((stuck.status, stuck.items.len()), (CartStatus::Stuck, 2));
    assert!(stuck.reason.is_some_and(|reason| reason.contains(&gone.game.to_string())));
    let game = json!({ "title": "Back", "basePrice": 99 });
    assert_eq!(shop.call(user(0), "PUT", &path, &game).await.0, 200);
    let resume = "/shoppingCart?status=APPROVED";
    let old = shop.all_events().await;
    assert_eq!(shop.call(user(1), "PATCH", resume, &Value::Null).await.0, 204);
    let cart = shop.settle_without(&old, user(1)).await;
    assert_eq!((cart.status, cart.items.len()), (CartStatus::Open, 0));
    assert_eq!(shop.times_in_history(user(1), gone.game).await, 1);
}

/// A purchase is on record, and the others of its cart are not yet.
#[tokio::test]
async fn a_cart_is_not_emptied_before_all_of_its_purchases_are_on_record() {
    let shop = Storefront::new().await;
    paid(&shop).await;
    for queue in &QUEUES[..2] {
        let message = shop.events(queue).await.pop().expect("an event");
        shop.deliver(queue, &message).await.expect("it is handled");
        shop.process().await;
    }
    let cart = shop.cart(user(1)).await;
    let first = cart.items[0];
    let one = Cart { items: vec![first], ..cart };
    shop.truth().record_purchases(&one, shop.clock.now()).await.expect("storage");
    let event = json!({ "userId": user(1).uuid(), "gameId": first.game.uuid() });
    let told = shop.deliver("purchase_recorded", &by_hand(&event)).await;
    assert_eq!(told, Some(Outcome::Done));
    let cart = shop.cart(user(1)).await;
    assert_eq!((cart.status, cart.items.len()), (CartStatus::Approved, 2));
    assert_eq!(shop.settle(user(1)).await.status, CartStatus::Open);
    assert_eq!(shop.owned(user(1)).await.len(), 2);
}

/// Whoever makes up a message moves nothing: the items decide.
#[tokio::test]
async fn a_made_up_event_moves_nothing() {
    let shop = Storefront::new().await;
    paid(&shop).await;
    let buyer = user(1);
    let game = shop.cart(buyer).await.items[1].game;
    let invoice = json!({ "invoiceId": format!("{buyer}-1") });
    let purchase = json!({ "userId": buyer.uuid(), "gameId": game.uuid() });
    let other = json!({ "invoiceId": format!("{}-1", user(9)) });
    for _ in 0..2 {
        for (queue, body) in [
            ("invoice_result", &invoice),
            ("cart_approved", &invoice),
            ("purchase_recorded", &purchase),
            ("invoice_requested", &other),
            ("invoice_result", &other),
            ("cart_approved", &other),
        ] {
            let outcome = shop.deliver(queue, &by_hand(body)).await;
            assert_eq!(outcome, Some(Outcome::Done), "{queue}: {body}");
        }
        let cart = shop.cart(buyer).await;
        assert_eq!((cart.status, cart.items.len()), (CartStatus::Invoice, 2));
        assert!(shop.owned(buyer).await.is_empty() && shop.ledger.entries().is_empty());
        // The same with an invoice that is on record and not paid.
        shop.deliver("invoice_requested", &by_hand(&invoice)).await;
    }
    for queue in QUEUES {
        for body in [json!({}), json!([]), json!("x")] {
            let outcome = shop.deliver(queue, &by_hand(&body)).await;
            assert!(matches!(outcome, Some(Outcome::Poison(_))), "{queue}: {outcome:?}");
        }
    }
}
