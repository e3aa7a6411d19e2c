//! What is counted for the metrics.

use std::time::Duration;

use marquee_waiting_room::store::admission::{Duties, Op};
use marquee_waiting_room_domain::slot::Line;
use serde_json::Value;
use uuid::Uuid;

use super::lobby::{LIMITS, Lobby, SESSION, entry_id};

#[tokio::test]
async fn who_goes_without_buying_has_abandoned_and_nobody_else_has() {
    let lobby = Lobby::open(100, |settings| settings.capacity = 1).await;
    let truth = lobby.truth();
    // A consumer that died after it: the first visitor stands in the next slot.
    truth.append(SESSION, Line::Main, &[entry_id(1)]).await.expect("storage");
    lobby.line_up(1..=4).await;
    let report = lobby.admit().await;
    assert_eq!((report.admitted, report.passed_over, report.abandoned), (1, 1, 0));

    let path = format!("/entries/{}", entry_id(2));
    assert_eq!(lobby.call(2, "DELETE", &path, &Value::Null).await.0, 204);
    assert_eq!(lobby.admit().await.abandoned, 0, "the line has not come to the slot");
    lobby.clock.advance(Duration::from_secs(120) + LIMITS.grace);
    let report = lobby.admit().await;
    assert_eq!((report.freed, report.admitted, report.abandoned), (1, 1, 2));

    let place = lobby.entry(3).await.and_then(|entry| entry.place).expect("a place");
    let (entry, reservation) = (entry_id(3), Uuid::from_u128(1));
    let sold = Op::Sold { entry, place: Some(place.id), reservation, seats: 2 };
    let duties = Duties { ops: vec![sold], ..Duties::default() };
    let tended = truth.tend(SESSION, duties, &lobby.clock, &lobby.broker).await.expect("storage");
    let tended = tended.expect("a room");
    assert_eq!((tended.sold, tended.freed, tended.abandoned), (2, 1, 0));
    assert_eq!((tended.admitted, tended.standing.inside), (1, 1));

    lobby.line_up(5..=7).await;
    let slots = truth.main_slots(SESSION).await.expect("storage");
    assert_eq!((slots, tended.standing.waiting(slots)), (8, 3));
}
