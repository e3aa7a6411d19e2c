//! What a visitor costs, by DynamoDB's own account. `--nocapture` prints it.

use std::time::Duration;

use marquee_lambda::consumer::Outcome;
use serde_json::Value;

use super::lobby::{Lobby, entry_id};
use crate::price::{Line, settle};

#[tokio::test]
async fn joining_looking_and_being_let_in() {
    let lobby = Lobby::open(1_000, |settings| settings.capacity = 50).await;
    lobby.line_up(1..=1).await;
    lobby.admit().await;
    let messages: Vec<_> = (2..=101).map(|n| lobby.arrival(n, n.into())).collect();
    lobby.meter.take();
    let outcomes = lobby.seat(&lobby.store, &messages).await;
    assert_eq!(outcomes, Some(vec![Outcome::Done; 100]));
    let joins = Line::new("a hundred visitors join", &lobby.meter, 2.0, 102.0);

    let path = format!("/entries/{}", entry_id(70));
    // The room is read as well, here for each: as often as set, for all who ask.
    lobby.call(70, "GET", "/status", &Value::Null).await;
    let status = Line::new("the status, for all of a process and a second", &lobby.meter, 0.5, 0.0);
    lobby.call(70, "GET", &path, &Value::Null).await;
    let look = Line::new("a look at one's place, and the same", &lobby.meter, 1.0, 0.0);

    let admitted = lobby.admit_on(&lobby.store).await.expect("a run");
    assert_eq!(admitted.admitted, 49);
    let admit = Line::new("49 of them are let in", &lobby.meter, 8.0, 104.0);
    let (_, read, write) = admit.sum();
    assert!((read + write) / 49.0 <= 3.0, "{read} + {write} for 49");

    let sold = [lobby.reservation(2, "confirmed", 2).await];
    lobby.meter.take();
    assert_eq!(lobby.hear(&lobby.store, &sold).await, Some(vec![Outcome::Done]));
    let next = Line::new("one has bought, the next is let in", &lobby.meter, 6.0, 8.0);

    lobby.admit().await;
    lobby.meter.take();
    lobby.admit_on(&lobby.store).await.expect("a run");
    let idle = Line::new("a run with nothing to do", &lobby.meter, 2.0, 0.0);
    lobby.clock.advance(Duration::from_secs(10));
    lobby.admit_on(&lobby.store).await.expect("a run");
    let measure = Line::new("the same, and the line is measured", &lobby.meter, 2.5, 0.0);
    settle(&[joins, status, look, admit, next, idle, measure]);
}

#[tokio::test]
async fn a_visitor_who_comes_again_costs_a_look() {
    let lobby = Lobby::open(10, |settings| settings.capacity = 0).await;
    lobby.line_up(1..=1).await;
    lobby.meter.take();
    let (status, _) = lobby.call(1, "POST", "/entries", &Value::Null).await;
    assert_eq!(status, 200);
    let again = Line::new("join again, and the room's status", &lobby.meter, 1.0, 0.0);
    let (status, _) = lobby.call(2, "POST", "/entries", &Value::Null).await;
    assert_eq!((status, lobby.published().await.len()), (202, 1));
    settle(&[again, Line::new("join, and the room's status", &lobby.meter, 1.0, 0.0)]);
}
