//! Live updates: connections that go, posts that fail, and how much is posted.

use std::time::Duration;

use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::{clock::SystemClock, consumer::Outcome};
use marquee_testkit::faulty::Fault;
use marquee_waiting_room::store::sockets::Part;
use marquee_waiting_room_domain::{phase::Phase, visitor::Status};
use push_positions::{Limits, Report};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    gateway::Live,
    lobby::{Lobby, SESSION, entry_id},
};
use crate::price::{Line, settle};

/// One look.
const ONCE: Limits = Limits {
    every: Duration::from_secs(5),
    again: false,
    run_for: Duration::from_secs(50),
    posts_per_second: 500,
};

/// Longer than a new connection is given to come.
const A_WHILE: Duration = Duration::from_secs(11);

async fn push(lobby: &Lobby, limits: Limits) -> Report {
    let (store, gateway) = (lobby.truth(), &lobby.gateway);
    push_positions::run(&store, gateway, &lobby.clock, limits).await.expect("storage")
}

/// The connections on record.
async fn connected(lobby: &Lobby) -> Vec<String> {
    let page = lobby.truth().sockets(SESSION, Part::After(""), 1_000, None).await;
    let mut connections = page.expect("storage").items;
    connections.sort();
    connections
}

fn turn(connection: &str, n: u32) -> (String, Value) {
    (connection.to_owned(), json!({ "type": "your_turn", "entry_id": entry_id(n).uuid() }))
}

#[tokio::test]
async fn a_connection_that_is_gone_is_forgotten_unless_it_may_yet_come() {
    let lobby = Lobby::open(10, |settings| settings.capacity = 0).await;
    let live = Live::of(&lobby, &lobby.sound());
    for (n, connection) in [(1, "stays"), (2, "goes"), (3, "closes")] {
        live.connect(n, connection).await;
    }
    live.disconnect("closes").await;
    assert_eq!(connected(&lobby).await, ["goes", "stays"]);

    // It has just been made: the gateway may not have it yet.
    lobby.gateway.lose("goes");
    let report = push(&lobby, ONCE).await;
    assert_eq!(report, Report { rooms: 1, sent: 1, gone: 1, ..Report::default() });
    assert_eq!(connected(&lobby).await, ["goes", "stays"]);
    lobby.gateway.find("goes");
    assert_eq!(push(&lobby, ONCE).await.sent, 2);

    lobby.clock.advance(A_WHILE);
    lobby.gateway.lose("goes");
    assert_eq!(push(&lobby, ONCE).await.gone, 1);
    assert_eq!(connected(&lobby).await, ["stays"]);
    lobby.gateway.take();
    assert_eq!(push(&lobby, ONCE).await.sent, 1);
    assert_eq!(lobby.gateway.take().len(), 1);
}

#[tokio::test]
async fn whoever_is_let_in_is_told_and_nobody_else() {
    let lobby = Lobby::open(10, |settings| settings.capacity = 2).await;
    let live = Live::of(&lobby, &lobby.sound());
    lobby.line_up(1..=4).await;
    for (n, connection) in [(1, "a"), (1, "b"), (3, "c"), (4, "d")] {
        live.connect(n, connection).await;
    }
    assert_eq!(lobby.admit().await.admitted, 2);
    assert_eq!(lobby.gateway.take(), [turn("a", 1), turn("b", 1)]);
    // A place is free: the event itself lets the next in.
    let freed = [lobby.reservation(2, "cancelled", 1).await];
    assert_eq!(lobby.hear(&lobby.sound(), &freed).await, Some(vec![Outcome::Done]));
    assert_eq!(lobby.gateway.take(), [turn("c", 3)]);
    live.look("c").await;
    let answer = lobby.gateway.take();
    assert_eq!(answer[0].1["entry"]["status"], "admitted", "{answer:?}");
    let path = format!("/entries/{}", entry_id(3));
    let (_, asked) = lobby.call(3, "GET", &path, &Value::Null).await;
    assert_eq!(answer[0].1["entry"], asked);
}

#[tokio::test]
async fn a_gateway_that_fails_or_hangs_keeps_nobody_out() {
    for hangs in [false, true] {
        let lobby = Lobby::open(10, |settings| settings.capacity = 2).await;
        let live = Live::of(&lobby, &lobby.sound());
        lobby.line_up(1..=3).await;
        for (n, connection) in [(1, "a"), (2, "b"), (3, "c")] {
            live.connect(n, connection).await;
        }
        if hangs {
            lobby.gateway.hang()
        } else {
            lobby.gateway.fail()
        }
        let begun = Instant::now();
        let report = lobby.admit().await;
        assert_eq!((report.admitted, report.failed), (2, 0));
        let freed = [lobby.reservation(1, "cancelled", 1).await];
        assert_eq!(lobby.hear(&lobby.sound(), &freed).await, Some(vec![Outcome::Done]));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        for (n, status) in [(1, Status::Left), (2, Status::Admitted), (3, Status::Admitted)] {
            assert_eq!(lobby.status(n).await, status);
        }
        assert_eq!(lobby.room().await.tally.inside, 2);
        assert_eq!(connected(&lobby).await, ["a", "b", "c"]);
    }
}

#[tokio::test]
async fn storage_that_fails_is_said_to_who_connects_and_looks() {
    let lobby = Lobby::open(10, |settings| settings.capacity = 0).await;
    lobby.line_up(1..=1).await;
    let away = lobby.faulty(|_, _| Fault::Throttled);
    let broken = Live::of(&lobby, &away);
    let token = broken.token(1);
    assert_eq!(broken.connect_with("a", &token).await, 503);
    let live = Live::of(&lobby, &lobby.sound());
    live.connect(1, "a").await;
    broken.look("a").await;
    live.look("stranger").await;
    live.connect(2, "b").await;
    live.look("b").await;
    let told = lobby.gateway.take();
    let status = |to: &str| {
        let (_, what) = told.iter().find(|(connection, _)| connection == to).expect("told");
        assert_eq!(what["type"], "problem", "{what}");
        what["problem"]["status"].clone()
    };
    assert_eq!([status("a"), status("stranger"), status("b")], [503, 401, 404]);
}

#[tokio::test]
async fn a_token_is_its_visitors_and_ends() {
    let lobby = Lobby::open(10, |settings| settings.capacity = 1).await;
    let live = Live::of(&lobby, &lobby.sound());
    lobby.line_up(1..=1).await;
    lobby.admit().await;
    let path = format!("/entries/{}", entry_id(1));
    let (_, entry) = lobby.call(1, "GET", &path, &Value::Null).await;
    let text = |name: &str| entry[name].as_str().expect("text").to_owned();
    assert_eq!(live.connect_with("a", &text("pass")).await, 401);
    assert_eq!(live.connect_with("a", "").await, 401);
    assert_eq!(live.connect_with("a", &text("socket_token")).await, 200);
    lobby.clock.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(live.connect_with("b", &text("socket_token")).await, 401);
    assert_eq!(connected(&lobby).await, ["a"]);
}

#[tokio::test]
async fn no_room_is_sent_more_in_a_second_than_is_set() {
    let lobby = Lobby::open(10, |settings| settings.capacity = 0).await;
    let live = Live::of(&lobby, &lobby.sound());
    for n in 1..=250 {
        live.connect(n, &format!("c{n}")).await;
    }
    let begun = Instant::now();
    let report = push(&lobby, Limits { posts_per_second: 200, ..ONCE }).await;
    assert_eq!(report, Report { rooms: 1, sent: 250, ..Report::default() });
    assert!(begun.elapsed() >= Duration::from_millis(1_200), "{:?}", begun.elapsed());
    let posts = lobby.gateway.take_timed();
    for (n, (_, _, at)) in posts.iter().enumerate() {
        let within = posts[n..].iter().filter(|(_, _, other)| {
            other.saturating_duration_since(*at) < Duration::from_millis(900)
        });
        // A page is posted at once, and then its time is waited for.
        assert!(within.count() <= 300);
    }
    let mut to: Vec<_> = posts.into_iter().map(|(to, ..)| to).collect();
    to.sort();
    to.dedup();
    assert_eq!(to.len(), 250, "each is told, once");
}

#[tokio::test]
async fn no_connection_is_sent_more_often_than_is_set() {
    let lobby = Lobby::open(10, |settings| settings.capacity = 0).await;
    let live = Live::of(&lobby, &lobby.sound());
    for (n, connection) in [(1, "a"), (2, "b"), (3, "c")] {
        live.connect(n, connection).await;
    }
    let every = Duration::from_millis(300);
    let run_for = Duration::from_millis(1_500);
    let limits = Limits { every, again: true, run_for, ..ONCE };
    let store = lobby.truth();
    let begun = Instant::now();
    let run = push_positions::run(&store, &lobby.gateway, &SystemClock, limits);
    let report = run.await.expect("storage");
    assert!(begun.elapsed() < run_for + Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!((3..=15).contains(&report.sent), "{report:?}");
    let posts = lobby.gateway.take_timed();
    for connection in ["a", "b", "c"] {
        let times = posts.iter().filter(|(to, ..)| to == connection).map(|(_, _, at)| *at);
        let times: Vec<_> = times.collect();
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        for gap in gaps {
            // As late as the first of two may have been.
            assert!(gap >= every / 2, "{gap:?}");
        }
    }
}

#[tokio::test]
async fn a_room_whose_sales_are_over_is_sent_nothing() {
    let lobby = Lobby::open(10, |settings| settings.capacity = 0).await;
    let live = Live::of(&lobby, &lobby.sound());
    live.connect(1, "a").await;
    lobby.clock.set(Timestamp::from_millis(1_800_000_000_000) + Duration::from_secs(86_400));
    let room = lobby.room().await;
    assert_eq!(room.room.phase(&room.tally, lobby.clock.now()), Phase::Closed);
    assert_eq!(push(&lobby, ONCE).await, Report::default());
}

#[tokio::test]
async fn what_a_connection_costs() {
    let lobby = Lobby::open(10, |settings| settings.capacity = 1).await;
    lobby.line_up(1..=2).await;
    lobby.meter.take();
    let live = Live::of(&lobby, &lobby.store);
    push_positions::run(&lobby.store.store, &lobby.gateway, &lobby.clock, ONCE)
        .await
        .expect("storage");
    let idle = Line::new("a room that nobody connects to, and the list", &lobby.meter, 1.0, 0.0);
    live.connect(1, "a").await;
    let first = Line::new("the first to connect, by a process", &lobby.meter, 0.0, 3.0);
    live.connect(2, "b").await;
    let connect = Line::new("another connects", &lobby.meter, 0.0, 2.0);
    live.look("b").await;
    // The room is read as well, here for each: as often as set, for all who look.
    let look = Line::new("a look", &lobby.meter, 1.5, 0.0);
    push_positions::run(&lobby.store.store, &lobby.gateway, &lobby.clock, ONCE)
        .await
        .expect("storage");
    let push = Line::new("all who are connected are told", &lobby.meter, 2.0, 0.0);
    live.disconnect("b").await;
    settle(&[idle, first, connect, look, push, Line::new("one goes", &lobby.meter, 0.0, 2.0)]);
}
