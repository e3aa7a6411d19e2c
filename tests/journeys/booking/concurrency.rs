//! Everyone comes at once.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::{StreamExt, stream};
use uuid::Uuid;

use crate::harness::{Marquee, eventually, payment, text};

/// Requests under way at a time: as many as a busy laptop answers before their attempts at storage run out of
/// time. On a deployed system each begins with a process of its own, and of these an emulator on two cores
/// cannot start so many in time.
const IN_FLIGHT: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_users_for_one_seat_make_one_reservation() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(1, 1).await;
    let seats = marquee.seat_ids(&session).await;
    let users = marquee.crowd(1_000);
    let replies: Vec<_> = stream::iter(0..users)
        .map(|_| async { marquee.reserve(Uuid::new_v4(), &session, &[&seats[0]]).await })
        .buffer_unordered(marquee.crowd(IN_FLIGHT))
        .collect()
        .await;
    let held = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!((replies.len(), held), (users, 1));
    for refused in replies.iter().filter(|reply| reply.status != 201) {
        refused.problem(409, "seat-taken");
    }
}

/// A cheap way to be different each time and the same for each seed.
fn pick(seed: usize, n: usize) -> usize {
    (seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33) % n
}

/// Tries seats from a place of its own on until it has one, and pays.
async fn buy(marquee: &Marquee, session: &str, seats: &[String], start: usize) -> Option<String> {
    let user = Uuid::new_v4();
    for offset in 0..seats.len() {
        let seat = &seats[(start + offset) % seats.len()];
        let reply = marquee.reserve(user, session, &[seat]).await;
        if reply.status == 409 {
            reply.problem(409, "seat-taken");
            continue;
        }
        let id = text(&reply.expect(201)["id"]);
        let confirmed = marquee.confirm(user, &id, &payment()).await.expect(200);
        assert_eq!(confirmed["items"][0]["session_seat_id"], *seat);
        return Some(seat.clone());
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_users_on_a_hundred_seats_sell_each_once() {
    let marquee = Marquee::start().await;
    let session = marquee.new_session(5, 20).await;
    let seats = marquee.seat_ids(&session).await;
    // Once all are sold, who comes later need not try a hundred seats to learn it.
    let left = Arc::new(AtomicUsize::new(seats.len()));
    let sold: Vec<_> = stream::iter(0..marquee.crowd(2_000))
        .map(|n| {
            let (marquee, session, seats, left) = (&marquee, &session, &seats, Arc::clone(&left));
            async move {
                let start = pick(n, seats.len());
                if left.load(Ordering::SeqCst) == 0 {
                    let reply = marquee.reserve(Uuid::new_v4(), session, &[&seats[start]]).await;
                    reply.problem(409, "seat-taken");
                    return None;
                }
                let bought = buy(marquee, session, seats, start).await?;
                left.fetch_sub(1, Ordering::SeqCst);
                Some(bought)
            }
        })
        .buffer_unordered(marquee.crowd(IN_FLIGHT))
        .filter_map(|bought| async move { bought })
        .collect()
        .await;
    assert_eq!(sold.len(), 100);
    assert_eq!(sold.iter().collect::<HashSet<_>>().len(), 100, "none twice");
    assert!(all_sold(&marquee, &session, 100).await);
}

async fn all_sold(marquee: &Marquee, session: &str, count: usize) -> bool {
    eventually(async || {
        let seats = marquee.seats(session).await;
        seats.iter().filter(|seat| seat["status"] == "sold").count() == count
    })
    .await
}

/// Half of the users never pay. Whoever does either gets a ticket or the money back.
#[tokio::test(flavor = "multi_thread")]
async fn holds_that_run_out_among_them_change_nothing_of_that() {
    let marquee = Marquee::start_with_hold(150).await;
    let session = marquee.new_session(2, 10).await;
    let seats = marquee.seat_ids(&session).await;
    let hold = marquee.hold;
    let outcomes: Vec<_> = stream::iter(0..marquee.crowd(600))
        .map(|n| {
            let (marquee, session, seats) = (&marquee, &session, &seats);
            async move {
                let user = Uuid::new_v4();
                let seat = &seats[pick(n, seats.len())];
                let reply = marquee.reserve(user, session, &[seat]).await;
                if reply.status != 201 {
                    reply.problem(409, "seat-taken");
                    return None;
                }
                let id = text(&reply.json()["id"]);
                // Around the instant at which the hold runs out.
                tokio::time::sleep(hold.mul_f64(0.7 + 0.13 * (n % 8) as f64)).await;
                if n % 2 == 0 {
                    return None;
                }
                let reply = marquee.confirm(user, &id, &payment()).await;
                match reply.status {
                    200 => Some((seat.clone(), user)),
                    _ => {
                        let problem = reply.problem(410, "hold-expired");
                        assert_eq!(problem["payment"]["status"], "voided");
                        None
                    }
                }
            }
        })
        .buffer_unordered(marquee.crowd(IN_FLIGHT).min(60))
        .filter_map(|outcome| async move { outcome })
        .collect()
        .await;
    let mut owners: HashMap<String, Uuid> = HashMap::new();
    for (seat, user) in outcomes {
        assert_eq!(owners.insert(seat, user), None, "a seat sold twice");
    }
    assert!(!owners.is_empty());
    assert!(all_sold(&marquee, &session, owners.len()).await);
    for (seat, user) in &owners {
        let tickets = marquee.get(&format!("/api/v1/tickets/user/{user}")).await.expect(200);
        assert_eq!(tickets.as_array().map(Vec::len), Some(1));
        assert_eq!(&text(&tickets[0]["session_seat_id"]), seat);
    }
    let settled = eventually(async || {
        let seats = marquee.seats(&session).await;
        let reserved = seats.iter().any(|seat| seat["status"] == "reserved");
        !reserved
    });
    assert!(settled.await, "everything comes to rest");
    marquee.come_to_rest().await;
}
