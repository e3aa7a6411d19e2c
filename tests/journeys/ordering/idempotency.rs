//! The same order, sent again; and lists of orders.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Marquee, eventually, text};

#[tokio::test]
async fn an_order_with_an_id_of_the_clients_own_is_placed_once_however_often_it_is_sent() {
    let marquee = Marquee::start().await;
    let item = marquee.new_item(10).await;
    let id = format!("mine-{}", Uuid::new_v4());
    let body = json!({ "item": item, "qty": 2, "student_id": "S1", "order_id": id });
    let first = marquee.post("/order", &body).await.expect(201);
    assert_eq!(first["order_id"], json!(id));
    let again = join_all((0..5).map(|_| marquee.post("/order", &body))).await;
    for reply in again {
        assert_eq!(reply.expect(201), first);
    }
    marquee.await_order(&id, "RESERVED").await;
    assert_eq!(marquee.post("/order", &body).await.expect(201), first, "the first answer");
    marquee.orders_come_to_rest().await;
    assert_eq!(marquee.stock(&item).await, (8, 2));
    assert_eq!(marquee.notified(&id).await.len(), 1);

    let other = json!({ "item": item, "qty": 3, "student_id": "S1", "order_id": id });
    let problem = marquee.post("/order", &other).await.problem(409, "already-exists");
    assert_eq!(problem["field"], "order_id");
}

#[tokio::test]
async fn an_idempotency_key_does_the_same() {
    let marquee = Marquee::start().await;
    let key = Uuid::new_v4().to_string();
    let send = async |qty: u32| {
        let body = json!({ "item": "Nothing", "qty": qty, "student_id": "S1" }).to_string();
        marquee.send(Method::POST, "/order", &[("idempotency-key", &key)], Some(body)).await
    };
    let first = send(1).await.expect(201);
    assert_eq!(send(1).await.expect(201), first);
    send(2).await.problem(422, "idempotency-key-reused");
}

#[tokio::test]
async fn a_students_orders_are_listed_newest_first_and_page_by_page() {
    let marquee = Marquee::start().await;
    let item = marquee.new_item(4).await;
    let (student, other) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(marquee.order(&item, 1, &student).await);
        marquee.order(&item, 1_000, &other).await;
    }
    let path = format!("/orders?student_id={student}");
    assert!(eventually(async || marquee.all(&path).await.len() == 7).await, "not all are listed");
    for limit in [1, 3, 7, 100] {
        let listed = marquee.all(&format!("{path}&limit={limit}")).await;
        let times: Vec<_> = listed.iter().map(|order| text(&order["placed_at"])).collect();
        assert!(times.is_sorted_by(|a, b| a >= b), "newest first: {times:?}");
        let listed: Vec<_> = listed.iter().map(|order| text(&order["order_id"])).collect();
        assert_eq!(listed.len(), 7, "pages of {limit}");
        let (listed, mine): (BTreeSet<_>, BTreeSet<_>) =
            (listed.iter().collect(), ids.iter().collect());
        assert_eq!(listed, mine, "each once, with pages of {limit}");
    }
    for id in &ids {
        marquee.await_decision(id).await;
    }
    let reserved = marquee.all(&format!("{path}&status=reserved&limit=2")).await;
    assert_eq!(reserved.len(), 4, "{reserved:?}");
    let failed = marquee.all(&format!("{path}&status=FAILED")).await;
    assert_eq!(failed.len(), 3, "{failed:?}");
}
