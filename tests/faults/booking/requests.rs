//! What waiting rooms ask for on behalf of visitors.

use std::{collections::HashSet, sync::Arc, time::Duration};

use marquee_booking::store::holds::HoldPolicy;
use marquee_kernel::ids::UserId;
use marquee_lambda::consumer::{BatchHandler, Outcome};
use marquee_messaging::{backends::memory::MemoryBroker, message::Message};
use marquee_passes::request::{BookingRequest, Wish};
use marquee_testkit::faulty::Fault;
use on_booking_requested::OnBookingRequested;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    booking::world::{HOLD, World},
    system::{batch, by_hand, drain},
};

/// How long a visitor's place is theirs.
const PLACE: Duration = Duration::from_secs(60);

/// A visitor's request, with a place of their own.
fn request(world: &World, session: &str, number: u64, wish: Wish) -> Message {
    let user = Uuid::from_u128(u128::from(number));
    let session = session.parse().expect("an id");
    let place = Uuid::new_v5(&session, user.as_bytes());
    let place = (place, world.now_plus(PLACE));
    let request = BookingRequest::new(session, user, place, number, wish);
    by_hand(&serde_json::to_value(request).expect("json"))
}

struct Worker {
    handler: OnBookingRequested,
    broker: MemoryBroker,
}

impl Worker {
    fn new(world: &World) -> Self {
        let broker = MemoryBroker::new(on_booking_requested::topology(), 1_000);
        let handler = OnBookingRequested {
            store: world.store.clone(),
            publisher: Arc::new(broker.clone()),
            policy: HoldPolicy { hold_for: HOLD, live_seats_max: 10, per_minute_max: 30 },
            clock: Arc::new(world.clock.clone()),
        };
        Self { handler, broker }
    }

    async fn book(&self, messages: &[Message]) -> Vec<Outcome> {
        self.handler.handle_batch(&batch(messages)).await
    }

    /// The reasons of those that were refused.
    async fn refusals(&self) -> Vec<String> {
        let refused = drain(&self.broker, "room_events").await;
        let body =
            |message: &Message| -> Value { serde_json::from_slice(&message.body).expect("json") };
        let reason = |body: Value| body["reason"].as_str().expect("a reason").to_owned();
        refused.iter().map(body).map(reason).collect()
    }
}

/// The seats that each visitor has on hold.
async fn held(world: &World, session: &str, visitors: u64) -> Vec<Vec<String>> {
    let mut held = Vec::new();
    for number in 1..=visitors {
        let user = UserId::new(Uuid::from_u128(u128::from(number)));
        let page = world.store.reservations_of(user, 100, None).await.expect("storage");
        let all = page.reservations.iter();
        let seats = all.filter(|reservation| reservation.session.to_string() == session);
        let names = seats.flat_map(|reservation| &reservation.seats);
        held.push(names.map(|seat| format!("{}{}", seat.row_number, seat.seat_number)).collect());
    }
    held
}

#[tokio::test]
async fn requests_are_booked_in_their_order_side_by_side_from_the_middle() {
    let world = World::new().await;
    let (session, _) = world.session_with(2, 6, json!({ "waiting_room": true })).await;
    let worker = Worker::new(&world);
    // However the messages come.
    let best = |number| request(&world, &session, number, Wish::BestTogether(2));
    let outcomes = worker.book(&[best(4), best(1), best(2), best(3)]).await;
    assert_eq!(outcomes, vec![Outcome::Done; 4]);
    let held = held(&world, &session, 4).await;
    assert!(held.iter().all(|seats| seats.len() == 2), "{held:?}");
    let rows: Vec<_> = held.iter().map(|seats| seats[0].chars().next()).collect();
    assert_eq!(rows[0], rows[1], "the row in front is filled first: {held:?}");
    assert_eq!(rows[1], rows[2]);
    assert_ne!(rows[2], rows[3]);
    assert!(worker.refusals().await.is_empty());
}

#[tokio::test]
async fn a_request_that_comes_again_is_booked_once_and_never_refused() {
    let world = World::new().await;
    let (session, _) = world.session_with(1, 2, json!({ "waiting_room": true })).await;
    let worker = Worker::new(&world);
    let best = request(&world, &session, 1, Wish::BestTogether(2));
    for _ in 0..3 {
        assert_eq!(worker.book(&[best.clone(), best.clone()]).await, vec![Outcome::Done; 2]);
    }
    // Not even when the place is over.
    world.clock_by(PLACE);
    assert_eq!(worker.book(std::slice::from_ref(&best)).await, vec![Outcome::Done]);
    assert_eq!(held(&world, &session, 1).await[0].len(), 2);
    assert!(worker.refusals().await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_booked_is_refused_with_the_reason() {
    let world = World::new().await;
    let (session, seats) = world.session_with(1, 3, json!({ "waiting_room": true })).await;
    let worker = Worker::new(&world);
    let seat = seats[0].parse().expect("an id");
    let wishes = [
        Wish::Seats(vec![seat]),
        Wish::Seats(vec![seat]),
        Wish::BestTogether(3),
        Wish::Seats(vec![Uuid::from_u128(99)]),
        Wish::Seats(vec![]),
    ];
    let messages: Vec<_> =
        (1..).zip(wishes).map(|(number, wish)| request(&world, &session, number, wish)).collect();
    assert_eq!(worker.book(&messages).await, vec![Outcome::Done; 5]);
    let mut refusals = worker.refusals().await;
    refusals.sort_unstable();
    assert_eq!(
        refusals,
        [
            "is not a seat of this session",
            "must name 1 to 63 seats",
            "no 3 seats are left together",
            "somebody has these seats",
        ]
    );
    let nonsense = by_hand(&json!({ "event_type": "booking.requested" }));
    assert!(matches!(worker.book(&[nonsense]).await[..], [Outcome::Poison(_)]));
}

#[tokio::test]
async fn nothing_is_booked_for_a_place_that_is_over() {
    let world = World::new().await;
    let (session, _) = world.session_with(1, 2, json!({ "waiting_room": true })).await;
    let worker = Worker::new(&world);
    let late = request(&world, &session, 1, Wish::BestTogether(2));
    world.clock_by(PLACE);
    assert_eq!(worker.book(&[late]).await, vec![Outcome::Done]);
    assert!(held(&world, &session, 1).await[0].is_empty());
    assert_eq!(worker.refusals().await, ["the place is over"]);
}

/// Lost answers, throttling and conflicts: everybody has two seats, and nobody has another's. Pairs that are
/// taken from the middle fill rows of six.
#[tokio::test]
async fn on_a_bad_connection_each_has_seats_of_their_own() {
    for nth in 0..4 {
        let world = World::with_faults(move |_, n| match (n + nth) % 7 {
            1 => Fault::AnswerLost,
            3 => Fault::Throttled,
            5 => Fault::Conflict,
            _ => Fault::None,
        })
        .await;
        let (session, _) = world.session_with(2, 6, json!({ "waiting_room": true })).await;
        let worker = Worker::new(&world);
        let messages: Vec<_> = (1..=6)
            .map(|number| request(&world, &session, number, Wish::BestTogether(2)))
            .collect();
        while worker.book(&messages).await != vec![Outcome::Done; 6] {}
        let held = held(&world, &session, 6).await;
        let all: HashSet<_> = held.iter().flatten().collect();
        assert_eq!(all.len(), 12, "{held:?}");
    }
}
