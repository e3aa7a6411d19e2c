//! Never more inside than there is room for, and nobody kept out for good.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, future::join_all, stream};
use marquee_kernel::time::Clock;
use marquee_lambda::consumer::Outcome;
use marquee_messaging::message::Message;
use marquee_testkit::faulty::{Fault, Plan};
use marquee_waiting_room_domain::visitor::Status;
use serde_json::{Value, json};

use super::lobby::{LIMITS, Lobby, entry_id};

/// Visitors of the sale, ten for each seat; `VISITORS` asks for more.
const VISITORS: u32 = 400;

/// How many have a place, by what the entries say.
async fn inside(lobby: &Lobby, visitors: u32) -> u32 {
    lobby.statuses(1..=visitors).await.get(&Status::Admitted).copied().unwrap_or_default()
}

pub(super) async fn told(lobby: &Lobby, messages: &[Message]) {
    let outcomes = lobby.hear(&lobby.sound(), messages).await;
    assert_eq!(outcomes, Some(vec![Outcome::Done; messages.len()]));
}

#[tokio::test]
async fn as_many_are_let_in_as_fit_and_the_next_when_a_place_is_free() {
    let lobby = Lobby::open(100, |settings| settings.capacity = 2).await;
    lobby.line_up(1..=6).await;
    assert_eq!(lobby.admit().await.admitted, 2);
    assert_eq!(lobby.admit().await.admitted, 0);
    let held = lobby.reservation(1, "held", 2).await;
    told(&lobby, &[held]).await;
    let confirmed = lobby.reservation(1, "confirmed", 2).await;
    let cancelled = lobby.reservation(2, "cancelled", 1).await;
    told(&lobby, &[confirmed, cancelled]).await;
    let statuses = [Status::Served, Status::Left, Status::Admitted, Status::Admitted];
    for (n, status) in (1..).zip(statuses) {
        assert_eq!(lobby.status(n).await, status, "{n}");
    }
    assert_eq!(lobby.status(5).await, Status::Waiting);
    let expired = lobby.reservation(3, "expired", 1).await;
    told(&lobby, &[expired]).await;
    assert_eq!((lobby.status(3).await, lobby.status(5).await), (Status::Expired, Status::Admitted));
    let tally = lobby.room().await.tally;
    assert_eq!((tally.inside, tally.sold, tally.admitted), (2, 2, 5));
}

#[tokio::test]
async fn a_place_that_is_not_used_is_over_and_one_with_seats_on_hold_lasts_as_long() {
    let lobby = Lobby::open(100, |settings| {
        settings.capacity = 2;
        settings.place_seconds = 60;
    })
    .await;
    lobby.line_up(1..=4).await;
    lobby.admit().await;
    let held = lobby.reservation(1, "held", 1).await;
    told(&lobby, &[held]).await;
    lobby.clock.advance(Duration::from_secs(60));
    assert_eq!(lobby.admit().await.freed, 0, "an event may be on its way");
    lobby.clock.advance(LIMITS.grace);
    let report = lobby.admit().await;
    assert_eq!((report.freed, report.admitted), (1, 1));
    assert_eq!((lobby.status(1).await, lobby.status(2).await), (Status::Admitted, Status::Expired));
    // What was on hold runs out, and nobody hears of it.
    lobby.clock.advance(Duration::from_secs(600));
    let report = lobby.admit().await;
    assert_eq!((report.freed, report.admitted), (2, 1));
    assert_eq!(lobby.room().await.tally.inside, 1);
}

/// A pass cannot be called back.
#[tokio::test]
async fn who_leaves_from_inside_counts_until_no_pass_of_theirs_is_good() {
    let lobby = Lobby::open(100, |settings| {
        settings.capacity = 1;
        settings.place_seconds = 600;
    })
    .await;
    lobby.line_up(1..=2).await;
    lobby.admit().await;
    let path = format!("/entries/{}", entry_id(1));
    let (_, seen) = lobby.call(1, "GET", &path, &Value::Null).await;
    assert_eq!(seen["status"], "admitted", "{seen}");
    assert_eq!(lobby.call(1, "DELETE", &path, &Value::Null).await.0, 204);
    assert_eq!(lobby.status(1).await, Status::Left);
    lobby.clock.advance(Duration::from_secs(60));
    assert_eq!(lobby.admit().await.admitted, 0);
    lobby.clock.advance(LIMITS.grace);
    let report = lobby.admit().await;
    assert_eq!((report.freed, report.admitted), (1, 1));
    assert_eq!((lobby.status(1).await, lobby.status(2).await), (Status::Left, Status::Admitted));
}

/// Nobody can have seats on hold and not count.
#[tokio::test]
async fn who_leaves_with_seats_on_hold_counts_as_long_as_they_are() {
    let lobby = Lobby::open(100, |settings| settings.capacity = 1).await;
    lobby.line_up(1..=2).await;
    lobby.admit().await;
    let held = lobby.reservation(1, "held", 1).await;
    let cancelled = lobby.reservation(1, "cancelled", 1).await;
    told(&lobby, &[held]).await;
    let path = format!("/entries/{}", entry_id(1));
    assert_eq!(lobby.call(1, "DELETE", &path, &Value::Null).await.0, 204);
    lobby.clock.advance(Duration::from_secs(300));
    assert_eq!(lobby.admit().await.admitted, 0);
    told(&lobby, &[cancelled]).await;
    assert_eq!(lobby.status(2).await, Status::Admitted);
}

/// As long as a place counts, its visitor cannot have another; and no joining is lost over it.
#[tokio::test]
async fn who_joins_again_while_the_place_before_counts_is_told_so_and_gets_in_line_after() {
    let lobby = Lobby::open(100, |settings| settings.capacity = 1).await;
    lobby.line_up(1..=1).await;
    lobby.admit().await;
    let path = format!("/entries/{}", entry_id(1));
    assert_eq!(lobby.call(1, "DELETE", &path, &Value::Null).await.0, 204);
    lobby.clock.advance(Duration::from_secs(1));
    let (status, problem) = lobby.call(1, "POST", "/entries", &Value::Null).await;
    assert_eq!((status, &problem["retry_after"]), (409, &json!(5)), "{problem}");
    // Another process of the API may not know yet.
    let again = [lobby.arrival(1, 0)];
    let outcomes = lobby.seat(&lobby.sound(), &again).await.expect("outcomes");
    assert!(matches!(&outcomes[..], [Outcome::RetryLater(_)]), "{outcomes:?}");
    lobby.clock.advance(Duration::from_secs(120));
    lobby.admit().await;
    assert_eq!(lobby.seat(&lobby.sound(), &again).await, Some(vec![Outcome::Done]));
    assert_eq!(lobby.status(1).await, Status::Waiting);
}

#[tokio::test]
async fn a_place_that_ran_out_cannot_be_joined_over_before_it_is_ended() {
    let lobby = Lobby::open(100, |settings| settings.capacity = 1).await;
    lobby.line_up(1..=1).await;
    lobby.admit().await;
    lobby.clock.advance(Duration::from_secs(121));
    assert_eq!(lobby.call(1, "POST", "/entries", &Value::Null).await.0, 409);
    lobby.clock.advance(Duration::from_secs(10));
    lobby.admit().await;
    assert_eq!(lobby.call(1, "POST", "/entries", &Value::Null).await.0, 202);
    for message in lobby.published().await {
        lobby.seat(&lobby.sound(), &[message]).await;
    }
    assert_eq!(lobby.status(1).await, Status::Waiting, "a clock that stands still is no excuse");
}

#[tokio::test]
async fn whoever_went_holds_up_nobody_behind() {
    let lobby = Lobby::open(100, |settings| settings.capacity = 1).await;
    lobby.line_up(1..=60).await;
    for n in 1..=59 {
        let path = format!("/entries/{}", entry_id(n));
        assert_eq!(lobby.call(n, "DELETE", &path, &Value::Null).await.0, 204);
    }
    assert_eq!(lobby.admit().await.admitted, 1);
    assert_eq!(lobby.status(60).await, Status::Admitted);
}

/// Killed before a request, it is what it is when it is killed after the one before it.
#[tokio::test]
async fn a_run_killed_at_each_of_its_requests_in_turn_counts_everybody_once() {
    let count = Arc::new(AtomicU64::new(0));
    let counting = Arc::clone(&count);
    let counted = move |_: &str, _| {
        counting.fetch_add(1, Ordering::SeqCst);
        Fault::None
    };
    let one = async |plan: Box<Plan>| {
        let lobby = Lobby::open(100, |settings| settings.capacity = 4).await;
        lobby.line_up(1..=12).await;
        lobby.admit().await;
        let events = [
            lobby.reservation(1, "confirmed", 3).await,
            lobby.reservation(2, "cancelled", 1).await,
            lobby.reservation(3, "expired", 1).await,
            lobby.reservation_at(50, "confirmed", 2, None),
        ];
        lobby.hear(&lobby.faulty(plan), &events).await;
        assert!(lobby.room().await.tally.inside <= 4 && inside(&lobby, 12).await <= 4);
        // They come again, and again.
        told(&lobby, &events).await;
        told(&lobby, &events).await;
        let tally = lobby.room().await.tally;
        assert_eq!((tally.inside, tally.sold, tally.admitted), (4, 5, 7));
        assert_eq!(inside(&lobby, 12).await, 4);
    };
    one(Box::new(counted)).await;
    let requests = count.load(Ordering::SeqCst);
    assert!(requests > 10, "{requests}");
    let kills = (0..requests).flat_map(|nth| [(nth, true), (nth, false)]).map(|(nth, done)| {
        one(Box::new(move |_: &str, n| match n == nth {
            true => Fault::Killed { done },
            false => Fault::None,
        }))
    });
    stream::iter(kills).for_each_concurrent(8, |kill| kill).await;
}

#[tokio::test]
async fn events_three_times_and_in_any_order_come_to_the_same() {
    for turn in 0..6 {
        let lobby = Lobby::open(100, |settings| settings.capacity = 3).await;
        lobby.line_up(1..=5).await;
        lobby.admit().await;
        let mut events = vec![
            lobby.reservation(1, "held", 2).await,
            lobby.reservation(1, "confirmed", 2).await,
            lobby.reservation(2, "held", 1).await,
            lobby.reservation(2, "expired", 1).await,
        ];
        events.extend(events.clone());
        events.extend(events.clone());
        let len = events.len();
        events.rotate_left(turn);
        events.swap(0, len / 2);
        for (n, event) in events.iter().enumerate() {
            told(&lobby, std::slice::from_ref(event)).await;
            let tally = lobby.room().await.tally;
            assert!(tally.inside <= 3, "after {n}: {tally:?}");
        }
        let tally = lobby.room().await.tally;
        assert_eq!((tally.inside, tally.sold, tally.admitted), (3, 2, 5), "turn {turn}");
        assert_eq!(lobby.status(1).await, Status::Served);
        assert_eq!(lobby.status(2).await, Status::Expired);
    }
}

/// A visitor's old place is over, and its event comes when they have another one.
#[tokio::test]
async fn an_old_places_event_does_not_end_the_new_place() {
    let lobby = Lobby::open(100, |settings| settings.capacity = 1).await;
    lobby.line_up(1..=1).await;
    lobby.admit().await;
    let old = lobby.reservation(1, "cancelled", 1).await;
    told(&lobby, std::slice::from_ref(&old)).await;
    lobby.clock.advance(Duration::from_secs(1));
    lobby.line_up(1..=1).await;
    lobby.admit().await;
    assert_eq!(lobby.status(1).await, Status::Admitted);
    told(&lobby, &[old]).await;
    assert_eq!(lobby.status(1).await, Status::Admitted);
    assert_eq!(lobby.room().await.tally.inside, 1);
}

/// Runs and events at the same time, some of which die, on connections that lose answers.
#[tokio::test(flavor = "multi_thread")]
async fn many_runs_at_once_never_let_in_more_than_fit() {
    let lobby = Lobby::open(100, |settings| {
        settings.capacity = 7;
        settings.seats_per_visitor = 1;
    })
    .await;
    lobby.line_up(1..=60).await;
    let done = AtomicBool::new(false);
    let watch = async {
        while !done.load(Ordering::SeqCst) {
            let tally = lobby.room().await.tally;
            assert!(tally.inside <= 7, "{tally:?}");
        }
    };
    let work = async {
        for round in 0..12_u64 {
            let mut events = Vec::new();
            for n in 1..=60 {
                if lobby.status(n).await == Status::Admitted && n % 2 == 0 {
                    events.push(lobby.reservation(n, "confirmed", 1).await);
                }
            }
            let runs = (0..4_u64).map(|nth| {
                let plan = move |_: &str, n: u64| match (n + round * 5 + nth * 3) % 23 {
                    7 => Fault::AnswerLost,
                    11 => Fault::Throttled,
                    22 if nth == 3 => Fault::Killed { done: n.is_multiple_of(2) },
                    _ => Fault::None,
                };
                lobby.faulty(plan)
            });
            let (lobby, events) = (&lobby, &events);
            join_all(runs.map(async |store| {
                let _ = tokio::join!(lobby.admit_on(&store), lobby.hear(&store, events));
            }))
            .await;
            told(lobby, events).await;
            assert!(inside(lobby, 60).await <= 7);
            lobby.clock.advance(Duration::from_secs(60));
        }
        done.store(true, Ordering::SeqCst);
    };
    tokio::join!(watch, work);
    lobby.clock.advance(Duration::from_secs(600));
    lobby.admit().await;
    let tally = lobby.room().await.tally;
    assert_eq!(tally.inside, inside(&lobby, 60).await);
    let served = lobby.statuses(1..=60).await.get(&Status::Served).copied().unwrap_or_default();
    assert_eq!(tally.sold, served);
    assert!(served > 10, "{served}");
}

/// Of ten visitors for each seat a fifth walks away at every stage: in line, inside, with seats on hold.
#[tokio::test]
#[allow(clippy::print_stdout)]
async fn a_sale_at_which_many_walk_away_sells_out_and_everybody_is_told() {
    let asked = std::env::var("VISITORS").ok().and_then(|count| count.parse().ok());
    let visitors: u32 = asked.unwrap_or(VISITORS);
    let (seats, capacity) = (visitors / 10, visitors / 40);
    let lobby = Lobby::open(seats, |settings| {
        settings.capacity = capacity;
        settings.seats_per_visitor = 2;
    })
    .await;
    lobby.line_up(1..=visitors).await;
    let chance =
        |n: u32, stage: u32| n.wrapping_mul(2_654_435_761_u32.rotate_left(stage)) >> 16 & 0xff < 51;
    for n in (1..=visitors).filter(|n| chance(*n, 1)) {
        let path = format!("/entries/{}", entry_id(n));
        assert_eq!(lobby.call(n, "DELETE", &path, &Value::Null).await.0, 204);
    }
    let (mut most, mut rounds, mut sold, mut gone) = (0, 0, 0_u32, HashSet::new());
    while lobby.room().await.tally.sold < seats {
        lobby.admit().await;
        let tally = lobby.room().await.tally;
        most = most.max(tally.inside);
        assert!(tally.inside <= capacity && tally.sold <= seats);
        let serving = u32::try_from(tally.serving).expect("small");
        for n in (1..=serving).filter(|n| !gone.contains(n)).collect::<Vec<_>>() {
            if lobby.status(n).await != Status::Admitted {
                gone.insert(n);
                continue;
            }
            if chance(n, 2) {
                continue; // closes the page, and the place runs out
            }
            let wants = (1 + n % 2).min(seats - sold);
            if wants == 0 {
                continue;
            }
            told(&lobby, &[lobby.reservation(n, "held", wants).await]).await;
            let kind = if chance(n, 3) { "expired" } else { "confirmed" };
            told(&lobby, &[lobby.reservation(n, kind, wants).await]).await;
            sold += if kind == "confirmed" { wants } else { 0 };
            gone.insert(n);
        }
        lobby.clock.advance(Duration::from_secs(130));
        rounds += 1;
        assert!(rounds < 1_000, "it does not come to an end: {tally:?}");
    }
    let tally = lobby.room().await.tally;
    assert_eq!((tally.sold, sold), (seats, seats));
    for n in 1..=visitors {
        let (status, seen) =
            lobby.call(n, "GET", &format!("/entries/{}", entry_id(n)), &Value::Null).await;
        assert_eq!(status, 200, "{seen}");
        let told = seen["status"].as_str().expect("a status");
        assert!(["served", "expired", "left", "admitted"].contains(&told), "{n} is told {seen}");
    }
    println!(
        "{visitors} visitors, {seats} seats, {rounds} rounds, at most {most} of {capacity} inside"
    );
    let now = lobby.clock.now();
    assert!(lobby.room().await.room.phase(&tally, now).is_over());
}
