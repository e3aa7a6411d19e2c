//! A purchase on which everything goes wrong in turn: in the end it is the same purchase.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use futures_util::{StreamExt, stream};
use marquee_kernel::time::Clock;
use marquee_lambda::consumer::Outcome;
use marquee_shop_domain::{
    cart::{CartItem, CartStatus},
    game::{Game, Price},
    ids::{GameId, InvoiceId},
    invoice::InvoiceStatus,
};
use marquee_testkit::{faulty::Fault, ledger::Trouble};
use uuid::Uuid;

use crate::shop::storefront::{LEASE, STEP_MAX, Storefront, user};

/// Buys three games, again and again until it is done, and looks at what is there then.
async fn buy(shop: &Storefront) {
    let buyer = user(1);
    let truth = shop.truth();
    let games = games(shop).await;
    for game in games {
        let price = Price::new("1".parse().expect("an amount")).expect("a price");
        let put = truth.put_in_cart(buyer, CartItem { game, price }, shop.clock.now()).await;
        put.expect("storage").expect("it is open");
    }
    // A customer whose request was cut off looks, and tries again.
    while shop.cart(buyer).await.status == CartStatus::Open && shop.owned(buyer).await.is_empty() {
        let paying = tokio::time::timeout(STEP_MAX, shop.pay(buyer));
        if let Ok((status, answer)) = paying.await {
            assert_eq!(status, 204, "{answer}");
        }
    }
    let cart = shop.settle(buyer).await;
    assert_eq!(
        (cart.status, cart.items.len(), cart.payments),
        (CartStatus::Open, 0, 1),
        "{cart:?}"
    );
    for message in shop.events("aggregator_queue").await {
        while shop.deliver("aggregator_queue", &message).await != Some(Outcome::Done) {}
    }
    assert_bought(shop, &games).await;
}

async fn games(shop: &Storefront) -> [GameId; 3] {
    let truth = shop.truth();
    let now = shop.clock.now();
    let mut games = Vec::new();
    for (n, price) in (1..).zip(["10", "20.5", "0"]) {
        let id = GameId::new(Uuid::from_u128(n));
        let price = Price::new(price.parse().expect("an amount"));
        let game = Game {
            id,
            title: "A game".parse().expect("a title"),
            base_price: price.expect("a price"),
        };
        truth.create_game(&game, Uuid::nil(), now).await.expect("storage");
        games.push(id);
    }
    games.try_into().expect("three")
}

/// Once, and to the cent.
async fn assert_bought(shop: &Storefront, games: &[GameId; 3]) {
    let buyer = user(1);
    let entries = shop.ledger.entries();
    let taken: Vec<_> = entries.values().map(|entry| (entry.captured, entry.refunded)).collect();
    assert_eq!(taken, [(3_050, 0)], "{entries:?}");
    let id = InvoiceId { user: buyer, number: 1 };
    let invoice = shop.truth().invoice(id).await.expect("storage").expect("an invoice");
    assert_eq!((invoice.status, invoice.bill.to_string()), (InvoiceStatus::Ok, "30.5".into()));
    let mut owned = shop.owned(buyer).await;
    owned.sort_unstable();
    assert_eq!(owned, games);
    for game in games {
        assert_eq!(shop.times_in_history(buyer, *game).await, 1);
        assert_eq!(shop.numbers_of(*game).await, Some((1, 0)));
    }
    assert_eq!(shop.numbers_of_user(buyer).await, Some((3, "30.5".into())));
}

/// Killed before a request, it is what it is when it is killed after the one before it.
#[tokio::test]
async fn killed_at_each_of_its_requests_in_turn_it_is_done_once_all_the_same() {
    let count = Arc::new(AtomicU64::new(0));
    let counting = Arc::clone(&count);
    let counted = move |_: &str, _| {
        counting.fetch_add(1, Ordering::SeqCst);
        Fault::None
    };
    buy(&Storefront::with_faults(counted, |_| Trouble::None).await).await;
    let requests = count.load(Ordering::SeqCst);
    assert!(requests > 30, "{requests}");
    let kills = (0..requests).map(|nth| async move {
        let kill = move |_: &str, n| match n == nth {
            true => Fault::Killed { done: true },
            false => Fault::None,
        };
        buy(&Storefront::with_faults(kill, |_| Trouble::None).await).await;
    });
    stream::iter(kills).for_each_concurrent(16, |kill| kill).await;
}

#[tokio::test]
async fn killed_while_the_provider_is_asked_it_is_charged_once() {
    for call in ["authorise", "capture"] {
        for trouble in [
            Trouble::Lost,
            Trouble::AnswerLost,
            Trouble::Killed { done: false },
            Trouble::Killed { done: true },
        ] {
            let asked = AtomicU64::new(0);
            let once = move |name: &str| match name == call {
                true if asked.fetch_add(1, Ordering::SeqCst) == 0 => trouble,
                _ => Trouble::None,
            };
            buy(&Storefront::with_faults(|_, _| Fault::None, once).await).await;
        }
    }
}

#[tokio::test]
async fn lost_answers_throttling_and_conflicts_change_nothing() {
    for nth in 0..4 {
        let fault = move |_: &str, n: u64| match (n + nth) % 4 {
            0 => Fault::AnswerLost,
            1 => Fault::Throttled,
            2 => Fault::Conflict,
            _ => Fault::None,
        };
        buy(&Storefront::with_faults(fault, |_| Trouble::None).await).await;
    }
}

/// Each event three times and in any order, of all steps at once.
#[tokio::test]
async fn every_event_three_times_and_in_any_order_leads_to_the_same() {
    for seed in 0..5_u128 {
        let shop = Storefront::new().await;
        let (buyer, games) = (user(1), games(&shop).await);
        shop.fill(buyer, &games).await;
        assert_eq!(shop.pay(buyer).await.0, 204);
        let mut round = 0_u128;
        while shop.cart(buyer).await.status != CartStatus::Open || round < 3 {
            let events = shop.all_events().await;
            let mut told: Vec<_> =
                events.iter().chain(&events).chain(&events).enumerate().collect();
            let seed = Uuid::from_u128(seed << 64 | round);
            told.sort_by_cached_key(|(n, _)| Uuid::new_v5(&seed, &n.to_be_bytes()));
            for (_, (queue, message)) in told {
                shop.deliver(queue, message).await;
            }
            shop.process().await;
            shop.clock.advance(LEASE);
            round += 1;
            assert!(round < 30, "it never comes to an end");
        }
        shop.aggregate().await;
        assert_bought(&shop, &games).await;
    }
}
