//! What each step of an order may cost, by DynamoDB's own account.

use marquee_domain::ordering::order::OrderStatus;
use marquee_testkit::capacity::units;
use serde_json::json;

use crate::canteen::{Canteen, placed_by_hand};

/// A step, what it cost, and the most it may.
struct Line {
    step: &'static str,
    requests: usize,
    read: f64,
    write: f64,
    read_max: f64,
    write_max: f64,
}

fn line(canteen: &Canteen, step: &'static str, read_max: f64, write_max: f64) -> Line {
    let requests = canteen.meter.take();
    let (read, write) = units(&requests);
    Line { step, requests: requests.len(), read, write, read_max, write_max }
}

/// Prints the table and holds every line to its budget. Run with `--nocapture` to see it.
#[allow(clippy::print_stdout)]
fn settle(lines: &[Line]) {
    println!("\n{:<44} {:>8} {:>10} {:>10}", "step", "requests", "read", "write");
    for Line { step, requests, read, write, .. } in lines {
        println!("{step:<44} {requests:>8} {read:>10} {write:>10}");
    }
    for line in lines {
        assert!(line.read <= line.read_max, "{}: {} read units", line.step, line.read);
        assert!(line.write <= line.write_max, "{}: {} write units", line.step, line.write);
    }
}

#[tokio::test]
async fn an_orders_whole_life_costs_ten_write_units_and_one_read_unit() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 100).await;
    let mut lines = Vec::new();
    canteen.meter.take();
    let id = canteen.order("Pizza", 2).await;
    lines.push(line(&canteen, "place", 0.0, 3.0));
    let placed = canteen.events("order_placed").await;
    canteen.reserve(&placed).await;
    lines.push(line(&canteen, "reserve", 1.0, 4.0));
    let reserved = canteen.events("inventory_reserved").await;
    canteen.notify(&reserved[0]).await;
    lines.push(line(&canteen, "notify", 0.0, 2.0));
    canteen.resolve(OrderStatus::Reserved, &reserved[0]).await;
    lines.push(line(&canteen, "resolve", 0.0, 1.0));
    let (read, write) =
        lines.iter().fold((0.0, 0.0), |(read, write), line| (read + line.read, write + line.write));
    let requests = lines.iter().map(|line| line.requests).sum();
    let step = "an order's whole life";
    assert_eq!((requests, read, write), (5, 1.0, 10.0));
    lines.push(Line { step, requests, read, write, read_max: 1.0, write_max: 10.0 });
    canteen.call("GET", &format!("/orders/{id}"), &json!(null)).await;
    lines.push(line(&canteen, "read the order", 1.0, 0.0));
    canteen.set_status(&id, "CANCELLED").await;
    lines.push(line(&canteen, "cancel", 2.0, 6.0));
    settle(&lines);
}

#[tokio::test]
async fn ten_orders_of_a_batch_for_one_item_are_reserved_for_little_more_than_two_units_each() {
    let canteen = Canteen::new().await;
    canteen.put("Pizza", 100).await;
    let orders: Vec<_> = (0..10).map(|n| placed_by_hand(&format!("o{n}"), "Pizza", 1)).collect();
    let mut lines = Vec::new();
    canteen.meter.take();
    canteen.reserve(&orders).await;
    let reserve = line(&canteen, "reserve a batch of ten", 1.0, 22.0);
    assert_eq!((reserve.requests, reserve.read, reserve.write), (2, 1.0, 22.0));
    lines.push(reserve);
    canteen.put("Pizza", 0).await;
    let more: Vec<_> = (0..10).map(|n| placed_by_hand(&format!("p{n}"), "Pizza", 1)).collect();
    canteen.reserve(&more).await;
    let refuse = line(&canteen, "refuse a batch of ten", 1.0, 10.0);
    assert_eq!((refuse.requests, refuse.read, refuse.write), (11, 1.0, 10.0));
    lines.push(refuse);
    settle(&lines);
}

#[tokio::test]
async fn a_page_of_orders_costs_what_it_shows_and_the_look_at_each_partition() {
    let canteen = Canteen::new().await;
    for n in 0..200 {
        let body = json!({ "item": "Tea", "qty": 1, "student_id": format!("S{}", n % 10) });
        assert_eq!(canteen.call("POST", "/order", &body).await.0, 201);
    }
    let mut lines = Vec::new();
    canteen.meter.take();
    let (status, page) = canteen.call("GET", "/orders?limit=50", &json!(null)).await;
    assert_eq!((status, page["items"].as_array().map(Vec::len)), (200, Some(50)));
    lines.push(line(&canteen, "50 orders of 200", 31.0, 0.0));
    let (_, page) = canteen.call("GET", "/orders?student_id=S3", &json!(null)).await;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(20));
    lines.push(line(&canteen, "a student's 20 orders", 11.0, 0.0));
    settle(&lines);
}
