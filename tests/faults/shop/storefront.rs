//! The shop with everything around it in the test's hands.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::Router;
use marquee_dynamo::client::Table;
use marquee_host::database::{LocalDatabase, table_name};
use marquee_kernel::{ids::UserId, time::Timestamp};
use marquee_lambda::{
    consumer::{BatchHandler, Incoming, MessageHandler, Outcome},
    identity::Identity,
};
use marquee_messaging::message::Message;
use marquee_payments::{
    settlement::{Payments, RetryPauses},
    store::PaymentStore,
};
use marquee_payments_domain::charge::Currency;
use marquee_shop::store::{
    ShopStore,
    views::{GamesBy, UsersBy},
};
use marquee_shop_domain::{
    cart::{Cart, CartStatus},
    ids::GameId,
};
use marquee_testkit::{
    capacity::CapacityMeter,
    clock::ManualClock,
    faulty::Fault,
    ledger::{Ledger, Trouble},
};
use on_cart_approved::OnCartApproved;
use on_invoice_requested::OnInvoiceRequested;
use on_invoice_result::OnInvoiceResult;
use on_purchase_recorded::OnPurchaseRecorded;
use on_shop_event::OnShopEvent;
use process_invoices::{Limits, Processor, Report};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::system::{drain, faulty_table, incoming, invoke, relayed};

pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// One look a run.
pub(crate) const LIMITS: Limits = Limits {
    poll: None,
    run_for: Duration::from_secs(50),
    lease: LEASE,
    overdue_after: Duration::from_secs(3_600),
};

/// Every queue of the shop, in the order of a purchase.
pub(crate) const QUEUES: [&str; 5] = [
    "invoice_requested",
    "invoice_result",
    "cart_approved",
    "purchase_recorded",
    "aggregator_queue",
];

/// How long a step may take before it counts as killed.
pub(crate) const STEP_MAX: Duration = Duration::from_secs(2);

pub(crate) struct Storefront {
    pub(crate) database: LocalDatabase,
    pub(crate) store: ShopStore,
    pub(crate) clock: ManualClock,
    pub(crate) meter: CapacityMeter,
    pub(crate) ledger: Ledger,
    pub(crate) processor: Processor,
    games: Router,
    carts: Router,
    purchases: Router,
}

impl Storefront {
    pub(crate) async fn new() -> Self {
        Self::with_faults(|_, _| Fault::None, |_| Trouble::None).await
    }

    /// With a connection to DynamoDB, and a payment provider, on which things go wrong.
    pub(crate) async fn with_faults(
        plan: impl Fn(&str, u64) -> Fault + Send + Sync + 'static,
        trouble: impl Fn(&str) -> Trouble + Send + Sync + 'static,
    ) -> Self {
        let database = LocalDatabase::open(None).await.expect("a database");
        let clock = ManualClock::at(Timestamp::from_millis(1_763_229_600_000));
        let (table, meter) = faulty_table(&database, &table_name("shop"), plan);
        let ledger = Ledger::new(trouble);
        let processor = processor(table.clone(), &ledger, &clock);
        let (store, at) = (ShopStore::new(table), Arc::new(clock.clone()));
        let games = games_api::AppState { store: store.clone(), clock: at.clone() };
        let carts = carts_api::AppState { store: store.clone(), clock: at.clone() };
        let purchases = purchases_api::AppState { store: store.clone(), clock: at };
        Self {
            games: games_api::router(games, Identity::Header),
            carts: carts_api::router(carts, Identity::Header),
            purchases: purchases_api::router(purchases, Identity::Header),
            database,
            store,
            clock,
            meter,
            ledger,
            processor,
        }
    }

    /// The same table over a connection that works.
    pub(crate) fn truth(&self) -> ShopStore {
        ShopStore::new(self.database.table("shop"))
    }

    /// A processor on a machine of its own.
    pub(crate) fn another_processor(&self, table: Table) -> Processor {
        processor(table, &self.ledger, &self.clock)
    }

    pub(crate) async fn call(
        &self,
        user: UserId,
        method: &str,
        path: &str,
        body: &Value,
    ) -> (u16, Value) {
        let router = match path {
            path if path.starts_with("/games") => &self.games,
            path if path.starts_with("/purchase-history") => &self.purchases,
            _ => &self.carts,
        };
        invoke(router, method, path, Some(user.uuid()), body).await
    }

    /// A game that must be accepted.
    pub(crate) async fn game(&self, price: &str) -> GameId {
        let game = json!({ "title": "A game", "basePrice": price });
        let (status, game) = self.call(user(0), "POST", "/games", &game).await;
        assert_eq!(status, 201, "{game}");
        GameId::new(game["id"].as_str().and_then(|id| id.parse().ok()).expect("an id"))
    }

    pub(crate) async fn fill(&self, user: UserId, games: &[GameId]) {
        for game in games {
            let item = json!({ "gameId": game.uuid() });
            let (status, item) = self.call(user, "POST", "/shoppingCartItems", &item).await;
            assert_eq!(status, 201, "{item}");
        }
    }

    pub(crate) async fn pay(&self, user: UserId) -> (u16, Value) {
        self.call(user, "PATCH", "/shoppingCart?status=INVOICE", &Value::Null).await
    }

    pub(crate) async fn cart(&self, user: UserId) -> Cart {
        self.truth().cart(user).await.expect("storage")
    }

    /// All events of that queue so far, oldest first.
    pub(crate) async fn events(&self, queue: &'static str) -> Vec<Message> {
        drain(&relayed(&self.database, &table_name("shop")).await, queue).await
    }

    /// Every event so far, with its queue.
    pub(crate) async fn all_events(&self) -> Vec<(&'static str, Message)> {
        let broker = relayed(&self.database, &table_name("shop")).await;
        let mut all = Vec::new();
        for queue in QUEUES {
            let messages = drain(&broker, queue).await;
            all.extend(messages.into_iter().map(|message| (queue, message)));
        }
        all
    }

    /// The handler of a step of a purchase.
    pub(crate) fn step(&self, queue: &str) -> Box<dyn MessageHandler> {
        let (store, clock) = (self.store.clone(), Arc::new(self.clock.clone()));
        match queue {
            "invoice_requested" => Box::new(OnInvoiceRequested { store, clock }),
            "invoice_result" => Box::new(OnInvoiceResult { store, clock }),
            "cart_approved" => Box::new(OnCartApproved { store, clock }),
            "purchase_recorded" => Box::new(OnPurchaseRecorded { store, clock }),
            other => panic!("no step of a purchase consumes {other}"),
        }
    }

    /// Hands a batch to its consumer.
    pub(crate) async fn consume(&self, queue: &str, batch: &[Incoming]) -> Vec<Outcome> {
        if queue == "aggregator_queue" {
            return OnShopEvent { store: self.store.clone() }.handle_batch(batch).await;
        }
        Step(self.step(queue)).handle_batch(batch).await
    }

    /// Hands one message to its consumer; `None` if that was killed.
    pub(crate) async fn deliver(&self, queue: &str, message: &Message) -> Option<Outcome> {
        self.deliver_as(queue, message, false).await
    }

    /// The same, perhaps for the last time.
    pub(crate) async fn deliver_as(
        &self,
        queue: &str,
        message: &Message,
        last: bool,
    ) -> Option<Outcome> {
        let batch = [incoming(message, last)];
        let handled = tokio::time::timeout(STEP_MAX, self.consume(queue, &batch)).await;
        handled.ok()?.pop()
    }

    /// One run; `None` if it was killed.
    pub(crate) async fn process(&self) -> Option<Report> {
        let run = tokio::time::timeout(STEP_MAX, process_invoices::run(&self.processor, LIMITS));
        run.await.ok()?.ok()
    }

    /// Goes on until the cart is on its way no more: every event to its consumer, until that is done
    /// with it.
    pub(crate) async fn settle(&self, user: UserId) -> Cart {
        self.settle_without(&[], user).await
    }

    /// The same by what is new beside these events.
    pub(crate) async fn settle_without(
        &self,
        old: &[(&'static str, Message)],
        user: UserId,
    ) -> Cart {
        let mut done: Vec<_> = old.iter().map(|(_, message)| message.metadata.id.clone()).collect();
        for _ in 0..30 {
            for (queue, message) in self.all_events().await {
                if !done.contains(&message.metadata.id)
                    && self.deliver(queue, &message).await == Some(Outcome::Done)
                {
                    done.push(message.metadata.id);
                }
            }
            self.process().await;
            self.clock.advance(LEASE);
            let cart = self.cart(user).await;
            if !cart.status.is_locked() || cart.status == CartStatus::Stuck {
                return cart;
            }
        }
        panic!("it never comes to an end: {:?}", self.cart(user).await)
    }

    /// Hands every event to the aggregator.
    pub(crate) async fn aggregate(&self) {
        for message in self.events("aggregator_queue").await {
            let outcome = self.deliver("aggregator_queue", &message).await;
            assert_eq!(outcome, Some(Outcome::Done));
        }
    }

    /// Users and achievements of a game, as its view says.
    pub(crate) async fn numbers_of(&self, game: GameId) -> Option<(u64, u64)> {
        let found = self.truth().games_by(GamesBy::Players, 1_000, None).await.expect("storage");
        let view = found.items.into_iter().find(|view| view.game == game);
        view.map(|view| (view.users, view.achievements))
    }

    /// Games of a user, and what they cost, as their view says.
    pub(crate) async fn numbers_of_user(&self, user: UserId) -> Option<(u64, String)> {
        let found = self.truth().users_by(UsersBy::Games, 1_000, None).await.expect("storage");
        let view = found.items.into_iter().find(|view| view.user == user);
        view.map(|view| (view.games, view.bill.to_string()))
    }

    /// How often the game's history says that the user has it.
    pub(crate) async fn times_in_history(&self, user: UserId, game: GameId) -> usize {
        let found = self.truth().history(game, Some(user), 100, None).await.expect("storage");
        found.items.len()
    }

    /// Games that the user has.
    pub(crate) async fn owned(&self, user: UserId) -> Vec<GameId> {
        let found = self.truth().purchases(user, 100, None).await.expect("storage");
        found.items.into_iter().map(|purchase| purchase.game).collect()
    }
}

#[derive(Debug)]
struct Step(Box<dyn MessageHandler>);

#[async_trait]
impl MessageHandler for Step {
    async fn handle(&self, message: &Message) -> Outcome {
        self.0.handle(message).await
    }

    async fn give_up(&self, message: &Message, reason: &str) {
        self.0.give_up(message, reason).await;
    }
}

fn processor(table: Table, ledger: &Ledger, clock: &ManualClock) -> Processor {
    let payments = Payments {
        provider: Arc::new(ledger.clone()),
        store: PaymentStore::new(table.clone()),
        currency: Currency::default(),
        pauses: RetryPauses::STANDARD,
    };
    Processor { store: ShopStore::new(table), payments, clock: Arc::new(clock.clone()) }
}

pub(crate) fn user(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(n))
}
