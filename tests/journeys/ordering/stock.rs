//! Stock under a rush, and what comes back of it.

use futures_util::{StreamExt, future::join_all, stream};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::{
    harness::{Marquee, eventually},
    ordering::canteen::EXCHANGE,
};

/// How many of the orders have each status: placed, reserved, failed, cancelled.
async fn statuses(marquee: &Marquee, student: &str) -> [usize; 4] {
    let orders = marquee.all(&format!("/orders?student_id={student}&limit=500")).await;
    ["PLACED", "RESERVED", "FAILED", "CANCELLED"]
        .map(|status| orders.iter().filter(|order| order["status"] == status).count())
}

#[tokio::test]
async fn of_200_orders_from_50_clients_for_the_last_50_exactly_50_are_reserved() {
    let marquee = Marquee::start().await;
    let (orders, last) = (marquee.crowd(200), marquee.crowd(50));
    let item = marquee.new_item(last as u64).await;
    let student = Uuid::new_v4().to_string();
    stream::iter(0..orders)
        .map(|_| marquee.order(&item, 1, &student))
        .buffer_unordered(50)
        .collect::<Vec<_>>()
        .await;
    let mut seen = [0; 4];
    let settled = eventually(async || {
        seen = statuses(&marquee, &student).await;
        seen[0] == 0
    });
    assert!(settled.await, "{seen:?}");
    assert_eq!(seen, [0, last, orders - last, 0]);
    assert_eq!(marquee.stock(&item).await, (0, last as u64));
}

#[tokio::test]
async fn cancelling_returns_the_stock_once_and_somebody_else_gets_it() {
    let marquee = Marquee::start().await;
    let item = marquee.new_item(3).await;
    let first = marquee.order(&item, 3, "S1").await;
    marquee.await_order(&first, "RESERVED").await;
    let second = marquee.order(&item, 2, "S2").await;
    marquee.await_order(&second, "FAILED").await;

    let cancelled = join_all((0..5).map(|_| marquee.set_order_status(&first, "CANCELLED"))).await;
    for reply in cancelled {
        assert_eq!(reply.expect(200)["status"], "CANCELLED");
    }
    assert_eq!(marquee.stock(&item).await, (3, 0));
    let third = marquee.order(&item, 2, "S3").await;
    marquee.await_order(&third, "RESERVED").await;
    assert_eq!(marquee.stock(&item).await, (1, 2));
    marquee.set_order_status(&second, "CANCELLED").await.problem(409, "order-status-conflict");
    marquee.set_order_status(&first, "RESERVED").await.problem(409, "order-status-conflict");
}

#[tokio::test]
async fn results_that_come_late_or_contrary_change_nothing() {
    let marquee = Marquee::start().await;
    let item = marquee.new_item(5).await;
    let order = marquee.order(&item, 1, "S1").await;
    marquee.await_order(&order, "RESERVED").await;
    let wire = marquee.wire().await;
    let event = json!({ "order_id": order, "item": item, "qty": 1, "reason": "no more" });
    for key in ["inventory.failed", "inventory.reserved", "inventory.failed"] {
        wire.publish(EXCHANGE, key, &event.to_string()).await;
    }
    marquee.orders_come_to_rest().await;
    let found = marquee.get(&format!("/orders/{order}")).await.expect(200);
    assert_eq!((&found["status"], &found["reason"]), (&json!("RESERVED"), &json!(null)));
    assert_eq!(marquee.stock(&item).await, (4, 1));
}

#[tokio::test]
async fn putting_stock_in_leaves_orders_what_they_have() {
    let marquee = Marquee::start().await;
    let item = marquee.new_item(2).await;
    let order = marquee.order(&item, 2, "S1").await;
    marquee.await_order(&order, "RESERVED").await;
    let path = format!("/inventory/{item}");
    let full = marquee.put(&path, &json!({ "stock": 10 })).await.expect(200);
    assert_eq!((&full["stock"], &full["reserved"]), (&json!(10), &json!(2)));
    marquee.set_order_status(&order, "CANCELLED").await.expect(200);
    assert_eq!(marquee.stock(&item).await, (12, 0), "it was on top of the ten");
}

#[tokio::test]
async fn what_cannot_be_is_a_problem_that_says_what() {
    let marquee = Marquee::start().await;
    for (body, field) in [
        (json!({ "qty": 1, "student_id": "S" }), "item"),
        (json!({ "item": " ", "qty": 1, "student_id": "S" }), "item"),
        (json!({ "item": "Tea", "student_id": "S" }), "qty"),
        (json!({ "item": "Tea", "qty": 0, "student_id": "S" }), "qty"),
        (json!({ "item": "Tea", "qty": 1.5, "student_id": "S" }), "qty"),
        (json!({ "item": "Tea", "qty": "2", "student_id": "S" }), "qty"),
        (json!({ "item": "Tea", "qty": 1 }), "student_id"),
        (json!({ "item": "Tea", "qty": 1, "student_id": "S", "order_id": "a b" }), "order_id"),
        (json!({ "item": "Tea", "qty": 1, "student_id": "S", "order_id": "a#1" }), "order_id"),
        (json!({ "item": "Tea?", "qty": 1, "student_id": "S" }), "item"),
    ] {
        let problem = marquee.post("/order", &body).await.problem(422, "invalid-field");
        assert_eq!(problem["field"], field, "{body}");
    }
    for (path, field) in [
        ("/orders?status=EATEN", "status"),
        ("/orders?cursor=nonsense!", "cursor"),
        ("/notifications?limit=0", "limit"),
        ("/orders?status=FAILED&status=PLACED", ""),
    ] {
        let problem = marquee.get(path).await.problem(400, "malformed-request");
        assert_eq!(problem["field"].as_str().unwrap_or_default(), field, "{path}");
    }
    marquee.get("/orders?cursor=bm9uc2Vuc2U").await.problem(404, "not-found");
    let negative = marquee.put("/inventory/Tea", &json!({ "stock": -1 })).await;
    assert_eq!(negative.problem(422, "invalid-field")["field"], "stock");
    let nobody = Uuid::new_v4().to_string();
    marquee.get(&format!("/orders/{nobody}")).await.problem(404, "not-found");
    marquee.set_order_status(&nobody, "CANCELLED").await.problem(404, "not-found");
    let order = marquee.order("Nothing of the kind", 1, "S").await;
    assert_eq!(
        marquee.set_order_status(&order, "EATEN").await.problem(422, "invalid-field")["field"],
        "status"
    );
    let failed = marquee.await_order(&order, "FAILED").await;
    assert!(failed["reason"].as_str().is_some_and(|why| why.contains("Nothing of the kind")));
    let reply = marquee.send(Method::DELETE, &format!("/orders/{order}"), &[], None).await;
    reply.problem(405, "method-not-allowed");
}

#[tokio::test]
async fn a_name_leads_to_what_it_names_whatever_is_in_it() {
    let marquee = Marquee::start().await;
    let item = format!("Käse & Brot (2), no. 7: {}", Uuid::new_v4());
    marquee.put(&format!("/inventory/{item}"), &json!({ "stock": 5 })).await.expect(200);
    let id = format!("Nr.7:{}~(é)", Uuid::new_v4());
    let body = json!({ "item": item, "qty": 2, "student_id": "S", "order_id": id });
    marquee.post("/order", &body).await.expect(201);
    marquee.await_order(&id, "RESERVED").await;
    assert_eq!(marquee.stock(&item).await, (3, 2));
    // What a path gives another meaning does not fall back on a shorter name.
    for name in ["%231", "%3Fx", "%2Fx"] {
        let path = format!("/inventory/{item}{name}");
        let reply = marquee.put(&path, &json!({ "stock": 1_000 })).await;
        assert!((400..500).contains(&reply.status), "{path}: {}", reply.status);
    }
    assert_eq!(marquee.stock(&item).await, (3, 2));
}
