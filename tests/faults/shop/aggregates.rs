//! What is counted, under duplicates, reordering and damage.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures_util::future::join_all;
use marquee_dynamo::{
    item::{key, names, number},
    table::{ConditionalUpdate, delete_existing},
};
use marquee_host::database::table_name;
use marquee_lambda::consumer::Outcome;
use marquee_shop::store::ShopStore;
use marquee_shop_domain::ids::{GameId, entries_of, shard_of};
use marquee_testkit::faulty::Fault;
use serde_json::{Value, json};
use tokio::{runtime::Handle, task::block_in_place};

use crate::{
    shop::storefront::{Storefront, user},
    system::{batch, faulty_table},
};

/// Users 1 to 6 have the game; the first three have an achievement each, and one had another.
async fn busy(shop: &Storefront) -> GameId {
    let game = shop.game("2.5").await;
    for n in 1..=6 {
        let gift = json!({ "userId": user(n).uuid(), "gameId": game.uuid(), "price": 2.5 });
        assert_eq!(shop.call(user(0), "POST", "/purchase-history", &gift).await.0, 201);
    }
    for message in shop.events("purchase_recorded").await {
        assert_eq!(shop.deliver("purchase_recorded", &message).await, Some(Outcome::Done));
    }
    let path = format!("/games/{game}/achievements");
    for n in 1..=3 {
        let first = json!({ "userId": user(n).uuid(), "title": "First" });
        for _ in 0..2 {
            assert_eq!(shop.call(user(0), "POST", &path, &first).await.0, 201, "or again");
        }
    }
    let second = json!({ "userId": user(1).uuid(), "title": "Second" });
    let (_, second) = shop.call(user(0), "POST", &path, &second).await;
    let second = format!("{path}/{}", second["id"].as_str().expect("an id"));
    assert_eq!(shop.call(user(0), "DELETE", &second, &Value::Null).await.0, 204);
    assert_eq!(shop.call(user(0), "DELETE", &second, &Value::Null).await.0, 404);
    game
}

#[tokio::test]
async fn views_are_exact_in_whatever_order_events_come_and_however_often() {
    let shop = Storefront::new().await;
    let game = busy(&shop).await;
    let mut events = shop.events("aggregator_queue").await;
    events.reverse();
    for event in events.iter().chain(&events) {
        assert_eq!(shop.deliver("aggregator_queue", event).await, Some(Outcome::Done));
    }
    assert_eq!(shop.numbers_of(game).await, Some((6, 3)));
    assert_eq!(shop.numbers_of_user(user(1)).await, Some((1, "2.5".into())));
    // Repeated, it costs reads and no writes.
    shop.meter.take();
    shop.aggregate().await;
    assert!(shop.meter.take().iter().all(|request| request.write_units == 0.0));
}

#[tokio::test]
async fn batches_at_the_same_time_do_not_undo_one_another() {
    let shop = Storefront::new().await;
    let game = busy(&shop).await;
    let events = shop.events("aggregator_queue").await;
    let batches =
        events.chunks(4).map(|some| async { shop.consume("aggregator_queue", &batch(some)).await });
    let outcomes = join_all(batches).await.concat();
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Done), "{outcomes:?}");
    assert_eq!(shop.numbers_of(game).await, Some((6, 3)));
}

#[tokio::test]
async fn a_game_that_is_taken_out_is_in_no_list_until_it_is_back() {
    let shop = Storefront::new().await;
    let game = busy(&shop).await;
    shop.aggregate().await;
    let path = format!("/games/{game}");
    assert_eq!(shop.call(user(0), "DELETE", &path, &Value::Null).await.0, 204);
    shop.aggregate().await;
    assert_eq!(shop.numbers_of(game).await, None);
    let again = json!({ "title": "Back", "basePrice": 1 });
    assert_eq!(shop.call(user(0), "PUT", &path, &again).await.0, 200);
    shop.aggregate().await;
    assert_eq!(shop.numbers_of(game).await, Some((6, 3)));
}

/// The rebuild, until it is done.
async fn rebuild(shop: &Storefront) {
    let mut next = None;
    loop {
        let step = shop.store.rebuild(next.as_ref()).await.expect("storage");
        next = step.next;
        if next.is_none() {
            return;
        }
    }
}

#[tokio::test]
async fn whatever_is_damaged_a_rebuild_counts_anew_from_what_is_counted() {
    let shop = Storefront::new().await;
    let game = busy(&shop).await;
    shop.aggregate().await;
    let table = shop.database.table("shop");
    let damage = async |partition: String, sort: &str, update: &str| {
        let update = ConditionalUpdate {
            key: key(partition, sort.to_owned()),
            update: update.to_owned(),
            condition: String::new(),
            names: Some([("#users".to_owned(), "users".to_owned())].into()),
            values: [(":n".to_owned(), number(77))].into(),
        };
        table.update(update).await.expect("storage").expect("no condition");
    };
    let shard = shard_of(game, user(1));
    let partition = format!("G#{game}#{shard:x}");
    damage(partition.clone(), "N", "SET #users = :n").await;
    // A purchase whose event was lost for good: its entry is not there.
    let entry = format!("H#{}", marquee_shop_domain::ids::EntryId::purchased(game, user(1)));
    assert!(entry.starts_with(&format!("H#{}", entries_of(game, user(1)))));
    let delete = delete_existing(key(partition, entry)).expect("a request");
    table.transact(vec![delete]).await.expect("storage").expect("it was there");
    rebuild(&shop).await;
    assert_eq!(shop.times_in_history(user(1), game).await, 1);
    rebuild(&shop).await;
    shop.aggregate().await;
    assert_eq!(shop.numbers_of(game).await, Some((6, 3)));
    assert_eq!(shop.numbers_of_user(user(1)).await, Some((1, "2.5".into())));
}

#[tokio::test]
async fn a_rebuild_while_the_shop_is_open_loses_nothing() {
    let shop = Storefront::new().await;
    let game = busy(&shop).await;
    let path = format!("/games/{game}/achievements");
    let grants = (10..40).map(|n| {
        let (shop, path) = (&shop, &path);
        async move {
            let first = json!({ "userId": user(n).uuid(), "title": "First" });
            assert_eq!(shop.call(user(0), "POST", path, &first).await.0, 201);
        }
    });
    let rebuilds = join_all((0..3).map(|_| rebuild(&shop)));
    tokio::join!(join_all(grants), rebuilds);
    shop.aggregate().await;
    assert_eq!(shop.numbers_of(game).await, Some((6, 33)));
}

/// Between the count and the write, another achievement is granted in the same shard.
#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_was_overtaken_is_made_once_more() {
    let shop = Arc::new(Storefront::new().await);
    let game = busy(&shop).await;
    let partition = format!("G#{game}#{:x}", shard_of(game, user(1)));
    let damage = ConditionalUpdate {
        key: key(partition, "N".to_owned()),
        update: "SET #users = :n".to_owned(),
        condition: String::new(),
        names: Some(names(["users"])),
        values: [(":n".to_owned(), number(77))].into(),
    };
    shop.database.table("shop").update(damage).await.expect("storage").expect("no condition");
    let (other, granted) = (Arc::clone(&shop), AtomicBool::new(false));
    let grant = move |operation: &str, _| {
        if operation == "UpdateItem" && !granted.swap(true, Ordering::SeqCst) {
            let third = json!({ "userId": user(1).uuid(), "title": "Third" });
            let path = format!("/games/{game}/achievements");
            let grant = other.call(user(0), "POST", &path, &third);
            block_in_place(|| Handle::current().block_on(grant));
        }
        Fault::None
    };
    let (table, _) = faulty_table(&shop.database, &table_name("shop"), grant);
    ShopStore::new(table).rebuild(None).await.expect("storage");
    shop.aggregate().await;
    assert_eq!(shop.numbers_of(game).await, Some((6, 4)));
}
