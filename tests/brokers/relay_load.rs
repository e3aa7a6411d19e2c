//! How full the publish requests are when orders come in at once: SNS takes ten messages in one,
//! and bills each request.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use marquee_host::{
    broker::{HostBroker, Ports},
    database::{LocalDatabase, table_name},
    sources::{Stop, stream::Poller},
};
use marquee_kernel::time::Timestamp;
use marquee_ordering::store::OrderingStore;
use marquee_ordering_domain::order::{Order, OrderLine, OrderStatus, Quantity};
use marquee_testkit::sqs::SqsStack;
use relay_outbox::RelayOutbox;
use serde_json::Value;
use tokio::sync::watch;

use crate::sns_publisher::{Faulty, publisher, received};

const ORDERS: i64 = 300;
const CLIENTS: usize = 50;
/// `RelayBatchingSeconds` of the deployed stacks: how long a batch waits for more.
const BATCHING: Duration = Duration::from_secs(1);

fn order(n: i64) -> Order {
    let line = OrderLine {
        id: format!("load-{n}").parse().expect("an id"),
        item: "Pizza".parse().expect("a name"),
        quantity: Quantity::new(1).expect("a quantity"),
        student: Some("S1".parse().expect("an id")),
    };
    let now = Timestamp::from_millis(1_763_229_600_000 + n);
    let status = OrderStatus::Placed;
    Order { line, status, reason: None, placed_at: now, updated_at: now }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_a_publish_request_carries_nine_messages_of_ten_or_more() {
    let stack = SqsStack::create("order_placed", 60).await;
    let requests = Faulty::new(Vec::new());
    let broker = HostBroker::memory();
    let database = Arc::new(LocalDatabase::open(None).await.expect("a database"));
    let store = OrderingStore::new(database.table("ordering"));
    let poller = Poller {
        database,
        table: table_name("ordering"),
        relay: RelayOutbox {
            publisher: Arc::new(publisher(&stack, &requests)),
            dead_letters: broker.dead_letters(),
            topology: marquee_contexts::topology(),
        },
        broker,
        batching: BATCHING,
    };
    let (stop, stopped) = watch::channel(false);
    let polling = tokio::spawn(poller.run(Stop::new(stopped)));
    stream::iter(0..ORDERS)
        .for_each_concurrent(CLIENTS, |n| {
            let store = &store;
            async move { drop(store.place(&order(n)).await.expect("placed")) }
        })
        .await;
    let bodies = received(&stack, usize::try_from(ORDERS).expect("a count")).await;
    stop.send(true).expect("it still runs");
    polling.await.expect("it ends");

    let id = |body: &String| serde_json::from_str::<Value>(body).expect("json")["order_id"].clone();
    let orders: BTreeSet<_> = bodies.iter().map(|body| id(body).to_string()).collect();
    assert_eq!(orders.len() as i64, ORDERS, "each of them");
    let sizes = requests.sizes();
    let mean = sizes.iter().sum::<usize>() as f64 / sizes.len() as f64;
    assert!(mean >= 9.0, "{mean:.1} messages in a request: {sizes:?}");
}
