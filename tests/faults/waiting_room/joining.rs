//! A place for everybody, and no place twice.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use marquee_kernel::time::Clock;
use marquee_lambda::consumer::Outcome;
use marquee_messaging::message::Message;
use marquee_testkit::faulty::{Fault, Plan};
use marquee_waiting_room::{events::Arrival, store::entries::Joining};
use marquee_waiting_room_domain::{
    slot::{Line, Slot},
    visitor::Status,
};
use serde_json::{Value, json};

use super::lobby::{Lobby, SESSION, entry_id, user};

/// Visitors of the crowd; `VISITORS` asks for more.
const CROWD: u32 = 2_000;
const BATCH: usize = 100;
const CONSUMERS: usize = 5;

fn kilobytes(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).unwrap_or_default()
}

/// Of the messages, every twentieth comes twice; one consumer is killed in the middle of every fifth batch,
/// which then comes again, as does every tenth of those that were done.
#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stdout)]
async fn a_crowd_with_duplicates_redeliveries_and_killed_consumers_gets_a_place_each() {
    let asked = std::env::var("VISITORS").ok().and_then(|count| count.parse().ok());
    let visitors: u32 = asked.unwrap_or(CROWD);
    let lobby = Lobby::open(10, |settings| settings.capacity = 0).await;
    let mut messages: Vec<Message> = Vec::new();
    for n in 1..=visitors {
        messages.push(lobby.arrival(n, n.into()));
        if n % 20 == 0 {
            messages.push(lobby.arrival(n, u64::from(n) + 3));
        }
    }
    let begun = Instant::now();
    let batches = messages.chunks(BATCH).enumerate().map(|(nth, batch)| {
        let lobby = &lobby;
        async move {
            let mut dies = nth % 5 == 2;
            let mut deliveries = 0;
            loop {
                let at = u64::try_from(nth * 7 % (BATCH + 3)).unwrap_or_default();
                let plan = move |_: &str, n: u64| match dies && n >= at {
                    true => Fault::Killed { done: nth.is_multiple_of(2) },
                    false => Fault::None,
                };
                let seated = lobby.seat(&lobby.faulty(plan), batch).await;
                deliveries += 1;
                let again = nth % 10 == 4 && deliveries == 1;
                dies = false;
                if seated == Some(vec![Outcome::Done; batch.len()]) && !again {
                    return;
                }
            }
        }
    });
    stream::iter(batches).for_each_concurrent(CONSUMERS, |batch| batch).await;
    let took = begun.elapsed();

    let (mut slots, mut order) = (HashSet::new(), BTreeMap::new());
    for n in 1..=visitors {
        let entry = lobby.entry(n).await.expect("nobody is lost");
        assert_eq!((entry.status, entry.slot.line), (Status::Waiting, Line::Main));
        assert!(slots.insert(entry.slot), "a slot twice");
        order.insert(entry.slot.index, n);
    }
    let order: Vec<_> = order.into_values().collect();
    let farthest = (1_u32..).zip(&order).map(|(place, n)| place.abs_diff(*n)).max();
    println!(
        "{visitors} visitors in {took:?}, at most {farthest:?} from their order of arrival, \
         {} MB at most",
        kilobytes("VmHWM") / 1024
    );
    // Batches are handled side by side, and a killed one comes again: within a batch the order is kept.
    for (n, after) in order.iter().zip(order.iter().skip(1)) {
        let same_batch = (n - 1) / 95 == (after - 1) / 95;
        assert!(!same_batch || after > n || after.abs_diff(*n) < 100, "{n} before {after}");
    }
    // Whoever the line comes to is let in: all of them.
    let mut settings = lobby.room().await.room.settings;
    settings.capacity = 100_000;
    settings.seats_per_visitor = 1;
    lobby.truth().put_settings(SESSION, &settings, true).await.expect("storage");
    let admitted = lobby.admit().await.admitted;
    assert_eq!(admitted, 10, "as many as there are seats");
    for n in order.iter().take(10) {
        assert_eq!(lobby.status(*n).await, Status::Admitted);
    }
}

/// Killed before a request, it is what it is when it is killed after the one before it.
#[tokio::test]
async fn a_batch_killed_at_each_of_its_requests_in_turn_has_each_visitor_once() {
    let count = Arc::new(AtomicU64::new(0));
    let counting = Arc::clone(&count);
    let counted = move |_: &str, _| {
        counting.fetch_add(1, Ordering::SeqCst);
        Fault::None
    };
    let one = async |plan: Box<Plan>| {
        let lobby = Lobby::open(100, |settings| settings.seats_per_visitor = 1).await;
        let messages: Vec<_> = (1..=5).map(|n| lobby.arrival(n, n.into())).collect();
        lobby.seat(&lobby.faulty(plan), &messages).await;
        // Somebody else comes meanwhile, and the line goes on.
        lobby.line_up(6..=6).await;
        lobby.admit().await;
        assert_eq!(lobby.seat(&lobby.sound(), &messages).await, Some(vec![Outcome::Done; 5]));
        lobby.admit().await;
        let statuses = lobby.statuses(1..=6).await;
        assert_eq!(statuses.get(&Status::Admitted), Some(&6), "nobody is passed over for good");
        assert_eq!(lobby.room().await.tally.inside, 6);
    };
    one(Box::new(counted)).await;
    let requests = count.load(Ordering::SeqCst);
    assert!(requests >= 8, "{requests}");
    let kills = (0..requests).flat_map(|nth| [(nth, true), (nth, false)]).map(|(nth, done)| {
        one(Box::new(move |_: &str, n| match n == nth {
            true => Fault::Killed { done },
            false => Fault::None,
        }))
    });
    stream::iter(kills).for_each_concurrent(8, |kill| kill).await;
}

#[tokio::test]
async fn lost_answers_throttling_and_conflicts_give_nobody_a_second_place() {
    for nth in 0..4 {
        let plan = move |_: &str, n: u64| match (n + nth) % 4 {
            0 => Fault::AnswerLost,
            1 => Fault::Throttled,
            2 => Fault::Conflict,
            _ => Fault::None,
        };
        let lobby = Lobby::open(10, |_| {}).await;
        let messages: Vec<_> = (1..=20).map(|n| lobby.arrival(n, n.into())).collect();
        let link = lobby.faulty(plan);
        // What could not be done comes again.
        while lobby.seat(&link, &messages).await != Some(vec![Outcome::Done; 20]) {}
        let mut slots = HashSet::new();
        for n in 1..=20 {
            let slot = lobby.entry(n).await.expect("an entry").slot;
            assert!(slots.insert(slot), "a slot twice");
        }
    }
}

#[tokio::test]
async fn whoever_left_is_not_brought_back_by_an_old_message_and_begins_at_the_end() {
    let lobby = Lobby::open(10, |settings| settings.capacity = 0).await;
    lobby.line_up(1..=3).await;
    let old = lobby.arrival(1, 0);
    lobby.clock.advance(Duration::from_secs(1));
    let path = format!("/entries/{}", entry_id(1));
    assert_eq!(lobby.call(1, "DELETE", &path, &Value::Null).await.0, 204);
    for days in [0, 8] {
        lobby.clock.advance(Duration::from_secs(days * 86_400));
        lobby.seat(&lobby.sound(), std::slice::from_ref(&old)).await;
        assert_eq!(lobby.status(1).await, Status::Left);
    }
    let again = lobby.arrival(1, 1);
    lobby.seat(&lobby.sound(), &[again]).await;
    let entry = lobby.entry(1).await.expect("an entry");
    assert_eq!(entry.status, Status::Waiting);
    assert!(entry.slot.index > 2, "{}", entry.slot);
}

/// The consumer wrote who stands in the line, and was stopped before the visitor's entry; the line went on
/// meanwhile.
#[tokio::test]
async fn whom_the_line_has_passed_over_gets_another_place_and_is_let_in() {
    let lobby = Lobby::open(10, |_| {}).await;
    let truth = lobby.truth();
    let first = truth.append(SESSION, Line::Main, &[entry_id(1)]).await.expect("storage");
    let slot = Slot { line: Line::Main, index: first.expect("an open line") };
    lobby.line_up(2..=2).await;
    assert_eq!(lobby.admit().await.admitted, 1);
    assert_eq!(lobby.status(2).await, Status::Admitted);
    let at = lobby.clock.now();
    let arrival = Arrival { session: SESSION, user: user(1), at, wish: None };
    assert_eq!(truth.join(&arrival, slot).await.expect("storage"), Joining::PassedOver);
    assert_eq!(lobby.entry(1).await, None);
    lobby.line_up(1..=1).await;
    assert_eq!(lobby.admit().await.admitted, 1);
    assert_eq!(lobby.status(1).await, Status::Admitted);
}

/// Batches are handled while the lot is drawn.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_before_the_opening_is_in_the_lot_and_nobody_has_two_numbers() {
    let open_in = Duration::from_secs(60);
    let lobby = Lobby::open(500, |settings| {
        settings.opens_at = settings.opens_at + open_in;
        settings.capacity = 500;
        settings.seats_per_visitor = 1;
    })
    .await;
    let messages: Vec<_> = (1..=300).map(|n| lobby.arrival(n, n.into())).collect();
    let (before, meanwhile) = messages.split_at(200);
    for batch in before.chunks(20) {
        lobby.seat(&lobby.sound(), batch).await;
    }
    assert_eq!(lobby.admit().await.admitted, 0, "it is not open");
    lobby.clock.advance(open_in);
    let late = stream::iter(meanwhile.chunks(10)).for_each_concurrent(3, |batch| async {
        let outcomes = lobby.seat(&lobby.sound(), batch).await;
        assert_eq!(outcomes, Some(vec![Outcome::Done; batch.len()]));
    });
    let draws = async {
        for _ in 0..3 {
            lobby.truth().draw(SESSION, lobby.clock.now()).await.expect("storage");
        }
    };
    tokio::join!(late, draws);
    let lot = lobby.room().await.room.lot().expect("it is drawn");
    assert!((200..=300).contains(&lot.early()), "{}", lot.early());
    let mut numbers = HashSet::new();
    for n in 1..=300 {
        let slot = lobby.entry(n).await.expect("an entry").slot;
        let number = lot.number_of(slot).expect("a number");
        assert!(numbers.insert(number), "a number twice");
        assert!(n > 200 || number <= lot.early(), "who came in time is in the lot");
    }
    let in_order = (1..=200).map(async |n| {
        let slot = lobby.entry(n).await.expect("an entry").slot;
        lot.number_of(slot).unwrap_or_default()
    });
    let in_order: Vec<_> = stream::iter(in_order).buffered(20).collect().await;
    assert!(!in_order.is_sorted(), "the lot decides, and not who came first");
    let mut admitted = 0;
    for _ in 0..10 {
        admitted += lobby.admit().await.admitted;
    }
    assert_eq!(admitted, 300, "the line comes to everybody");
}

#[tokio::test]
async fn what_is_no_arrival_is_poison_and_holds_nobody_up() {
    let lobby = Lobby::open(10, |_| {}).await;
    let mut elsewhere = lobby.arrival(2, 0);
    let body = String::from_utf8(elsewhere.body).expect("text");
    elsewhere.body = body.replace(&SESSION.to_string(), &user(9).to_string()).into_bytes();
    let nonsense = crate::system::by_hand(&json!({ "event_type": "queue.joined" }));
    let batch = [nonsense, lobby.arrival(1, 0), elsewhere];
    let outcomes = lobby.seat(&lobby.sound(), &batch).await.expect("outcomes");
    assert!(matches!(outcomes[0], Outcome::Poison(_)));
    assert_eq!(outcomes[1], Outcome::Done);
    assert_eq!(outcomes[2], Outcome::Poison("the session has no waiting room".into()));
    assert_eq!(lobby.status(1).await, Status::Waiting);
}
