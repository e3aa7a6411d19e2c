//! Seats that are booked for visitors when their turn comes.

use std::{collections::BTreeMap, sync::Arc};

use admit_visitors::{AdmitVisitors, Lines};
use async_trait::async_trait;
use marquee_kernel::time::Clock;
use marquee_lambda::consumer::Outcome;
use marquee_messaging::{
    message::Message,
    publisher::{Outgoing, PublishError, Publisher},
};
use marquee_passes::request::{BookingRefused, BookingRequest, Wish};
use marquee_testkit::faulty::Fault;
use serde_json::json;
use uuid::Uuid;

use super::lobby::{LIMITS, Lobby, entry_id, user};
use crate::system::{by_hand, drain};

const PAIR: Wish = Wish::BestTogether(2);

/// With `visitors` in the line, all of whom want two seats together.
async fn lobby(visitors: u32, capacity: u32) -> Lobby {
    let lobby = Lobby::open(100, |settings| settings.capacity = capacity).await;
    let now = lobby.clock.now();
    let messages: Vec<_> = (1..=visitors).map(|n| lobby.arrival_with(n, now, Some(PAIR))).collect();
    let outcomes = lobby.seat(&lobby.sound(), &messages).await;
    assert_eq!(outcomes, Some(vec![Outcome::Done; messages.len()]));
    lobby
}

/// What booking was asked for, and the ids of the messages.
async fn asked(lobby: &Lobby) -> Vec<(BookingRequest, String)> {
    let messages = drain(&lobby.broker, "booking_requested").await;
    let parse = |message: Message| {
        let request = serde_json::from_slice(&message.body).expect("a request");
        (request, message.metadata.id.expect("an id"))
    };
    messages.into_iter().map(parse).collect()
}

async fn place(lobby: &Lobby, n: u32) -> Uuid {
    lobby.entry(n).await.and_then(|entry| entry.place).expect("a place").id
}

#[tokio::test]
async fn whoever_is_let_in_is_asked_for_in_the_order_of_the_line() {
    let lobby = lobby(5, 4).await;
    assert_eq!(lobby.admit().await.admitted, 4);
    let asked_for = asked(&lobby).await;
    let numbers: Vec<_> = asked_for.iter().map(|(request, _)| request.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    for (request, _) in &asked_for {
        assert_eq!(request.wish, PAIR);
        let n = (1..=4).find(|n| user(*n).uuid() == request.user_id).expect("a visitor");
        assert_eq!(request.place_id, place(&lobby, n).await);
    }
    assert_eq!(lobby.admit().await.admitted, 0);
    assert!(asked(&lobby).await.is_empty(), "once is enough");
}

/// Killed before or after any of its requests: booking hears of everybody who was let in, and however often
/// it hears of somebody, it is the same message.
#[tokio::test]
async fn a_run_that_is_killed_leaves_nobody_out() {
    let mut killed = 0;
    for nth in 1.. {
        let lobby = lobby(3, 3).await;
        let dies = lobby.faulty(move |_, n| match n == nth {
            true => Fault::Killed { done: nth % 2 == 0 },
            false => Fault::None,
        });
        let died = lobby.admit_on(&dies).await.is_none();
        lobby.admit().await;
        let mut by_place: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
        for (request, id) in asked(&lobby).await {
            by_place.entry(request.place_id).or_default().push(id);
        }
        assert_eq!(by_place.len(), 3, "killed at request {nth}");
        assert!(by_place.values().all(|ids| ids.iter().all(|id| *id == ids[0])));
        if !died {
            break;
        }
        killed += 1;
    }
    assert!(killed >= 6, "it was killed {killed} times");
}

/// A broker that confirms nothing.
#[derive(Debug)]
struct Away;

#[async_trait]
impl Publisher for Away {
    async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        batch.iter().map(|_| Err(PublishError::Unconfirmed("it is away".into()))).collect()
    }
}

#[tokio::test]
async fn while_the_broker_is_away_the_batch_stays_open() {
    let lobby = lobby(2, 2).await;
    let job = AdmitVisitors {
        store: lobby.truth(),
        publisher: Arc::new(Away),
        sockets: Arc::new(lobby.gateway.clone()),
        clock: Arc::new(lobby.clock.clone()),
        limits: LIMITS,
        lines: Lines::default(),
    };
    for _ in 0..3 {
        assert_eq!(job.run().await.expect("storage").failed, 1);
    }
    lobby.admit().await;
    assert_eq!(asked(&lobby).await.len(), 2);
    assert_eq!(lobby.room().await.tally.inside, 2);
}

#[tokio::test]
async fn a_wish_can_be_changed_until_something_is_reserved() {
    let lobby = lobby(1, 0).await;
    // Who did not ask when joining, may ask later.
    let seats = json!({ "seats": [Uuid::from_u128(5)] });
    let (status, entry) = lobby.call(1, "POST", "/requests", &seats).await;
    assert_eq!((status, &entry["status"]), (200, &json!("waiting")), "{entry}");
    let open = json!({ "capacity": 1 });
    assert_eq!(lobby.call(1, "PUT", "", &open).await.0, 200);
    lobby.admit().await;
    let asked_for = asked(&lobby).await;
    assert_eq!(asked_for[0].0.wish, Wish::Seats(vec![Uuid::from_u128(5)]));

    // Booking could not: the place is still theirs, and so is another try.
    let refused = BookingRefused::of(&asked_for[0].0, "somebody has these seats".into());
    let refused = by_hand(&serde_json::to_value(&refused).expect("json"));
    let outcomes = lobby.hear(&lobby.sound(), &[refused.clone(), refused.clone()]).await;
    assert_eq!(outcomes, Some(vec![Outcome::Done; 2]));
    let path = format!("/entries/{}", entry_id(1));
    let (_, entry) = lobby.call(1, "GET", &path, &json!(null)).await;
    assert_eq!(entry["refusal"], "somebody has these seats");
    assert!(entry["pass"].is_string(), "{entry}");
    let pair = json!({ "best_together": 2 });
    assert_eq!(lobby.call(1, "POST", "/requests", &pair).await.0, 200);
    let again = asked(&lobby).await;
    assert_eq!((again.len(), &again[0].0.wish), (1, &PAIR));
    assert_eq!(again[0].0.place_id, asked_for[0].0.place_id);

    // What was reserved is told, and a refusal that comes late is not.
    let held = lobby.reservation(1, "held", 2).await;
    let outcomes = lobby.hear(&lobby.sound(), &[held, refused]).await;
    assert_eq!(outcomes, Some(vec![Outcome::Done; 2]));
    let (_, entry) = lobby.call(1, "GET", &path, &json!(null)).await;
    assert!(entry["reservation_id"].is_string() && entry["refusal"].is_null(), "{entry}");
    assert_eq!(lobby.call(1, "POST", "/requests", &pair).await.0, 200);
    assert!(asked(&lobby).await.is_empty(), "a place makes one reservation");
}

#[tokio::test]
async fn whoever_joins_again_has_no_wish_of_the_time_before() {
    let lobby = lobby(1, 1).await;
    lobby.admit().await;
    assert_eq!(asked(&lobby).await.len(), 1);
    let path = format!("/entries/{}", entry_id(1));
    assert_eq!(lobby.call(1, "DELETE", &path, &json!(null)).await.0, 204);
    lobby.clock.advance(std::time::Duration::from_secs(200));
    lobby.admit().await;
    lobby.line_up(1..=1).await;
    assert_eq!(lobby.admit().await.admitted, 1);
    assert!(asked(&lobby).await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_by_the_field_that_is_wrong() {
    let lobby = lobby(1, 0).await;
    for (wrong, field) in [
        (json!({}), "seats"),
        (json!({ "seats": [] }), "seats"),
        (json!({ "best_together": 0 }), "best_together"),
        (json!({ "best_together": 5 }), "best_together"),
        (json!({ "best_together": 1, "seats": [Uuid::nil()] }), "seats"),
    ] {
        let (status, problem) = lobby.call(1, "POST", "/requests", &wrong).await;
        assert_eq!(status, 422, "{wrong}: {problem}");
        assert!(problem.to_string().contains(field), "{wrong}: {problem}");
    }
}
