//! Messages by hand: false ones move nothing, and what is no event is put aside.

use serde_json::json;
use uuid::Uuid;

use crate::{
    harness::Marquee,
    shop::storefront::{about, declined},
};

const EXCHANGE: &str = "shop_events";

impl Marquee {
    /// Waits until messages that may be on their way have had all their effects: until a purchase
    /// that was made behind them has.
    async fn shop_comes_to_rest(&self) {
        let game = self.new_game(1.0).await;
        self.buy(Uuid::new_v4(), &[&game]).await;
        self.come_to_rest().await;
    }
}

#[tokio::test]
async fn events_about_an_invoice_that_is_not_ok_move_nothing() {
    let marquee = Marquee::start().await;
    let user = Uuid::new_v4();
    let game = marquee.new_game(8.0).await;
    marquee.add_to_cart(user, &game).await;
    marquee.pay_with(user, &declined()).await;
    let rejected = marquee.await_cart(user, "REJECTED").await;
    let invoice = marquee.await_invoice(user, "REJECTED").await;

    let wire = marquee.wire().await;
    let at = "2030-01-01T00:00:00Z";
    for key in ["invoice.ok", "cart.approved", "invoice.requested", "invoice.ok"] {
        let event = json!({ "eventType": key, "invoiceId": invoice["id"], "occurredAt": at });
        wire.publish(EXCHANGE, key, &event.to_string()).await;
    }
    let key = "purchase.recorded";
    let event = json!({ "eventType": key, "userId": user, "gameId": game, "occurredAt": at });
    wire.publish(EXCHANGE, key, &event.to_string()).await;
    marquee.shop_comes_to_rest().await;

    assert_eq!(marquee.cart(user).await, rejected);
    assert_eq!(marquee.invoices(user).await, [invoice], "one, and as it was");
    assert!(marquee.purchases(user).await.is_empty(), "nothing was paid for");
    assert!(marquee.play_history(user, &game).await.is_empty(), "nothing was paid for");
}

#[tokio::test]
async fn events_that_come_again_when_all_is_done_record_nothing_twice() {
    let marquee = Marquee::start().await;
    let user = Uuid::new_v4();
    let game = marquee.new_game(8.0).await;
    marquee.buy(user, &[&game]).await;
    let next = marquee.new_game(9.0).await;
    marquee.add_to_cart(user, &next).await;
    let (cart, purchases) = (marquee.cart(user).await, marquee.purchases(user).await);
    let invoice = about(&purchases, &game)["invoiceId"].clone();

    let wire = marquee.wire().await;
    let at = "2030-01-01T00:00:00Z";
    for key in ["cart.approved", "invoice.ok", "invoice.rejected", "invoice.requested"] {
        let event = json!({ "eventType": key, "invoiceId": invoice, "occurredAt": at });
        wire.publish(EXCHANGE, key, &event.to_string()).await;
    }
    let key = "purchase.recorded";
    let event = json!({ "eventType": key, "userId": user, "gameId": game, "occurredAt": at });
    wire.publish(EXCHANGE, key, &event.to_string()).await;
    marquee.shop_comes_to_rest().await;

    assert_eq!(marquee.cart(user).await, cart, "what is in it now was not paid for");
    assert_eq!(marquee.purchases(user).await, purchases);
    let history = marquee.play_history(user, &game).await;
    assert_eq!(history.len(), 1, "{history:?}");
    assert_eq!(marquee.invoices(user).await.len(), 1, "paid once");
}

#[tokio::test]
async fn what_is_no_shop_event_is_a_dead_letter_and_does_not_hold_up_the_others() {
    let marquee = Marquee::start().await;
    let wire = marquee.wire().await;
    let mark = Uuid::new_v4();
    let queues = [
        ("invoice_requested", "invoice.requested"),
        ("invoice_result", "invoice.ok"),
        ("cart_approved", "cart.approved"),
        ("purchase_recorded", "purchase.recorded"),
        ("aggregator_queue", "game.changed"),
    ];
    let poison = queues.map(|(queue, key)| {
        let incomplete = json!({ "eventType": key, "mark": mark }).to_string();
        (queue, key, [format!("{{ not json {mark}"), incomplete])
    });
    for (_, key, bodies) in &poison {
        for body in bodies {
            wire.publish(EXCHANGE, key, body).await;
        }
    }
    let game = marquee.new_game(1.0).await;
    marquee.buy(Uuid::new_v4(), &[&game]).await;
    for (queue, _, bodies) in &poison {
        for body in bodies {
            let reason = wire.dead_letter(queue, body).await;
            assert!(reason.starts_with("not an event of"), "{queue} {body}: {reason}");
        }
    }
}
