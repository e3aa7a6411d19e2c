//! The throughput that a session can have: bookings by the real functions, metered key by key.
//!
//! Nothing goes wrong in this world and nothing is throttled. What each partition key value gave for a number of
//! bookings tells at how many a second the first of them would give out.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    aws::{
        MappingKind,
        dynamodb::{
            rules::{Direction, Rules},
            throughput::Consumed,
        },
        gateway::{Call, Reply},
    },
    entropy::in_a_seeded_thread,
    scenes::booking::put_on_sale,
    setting::Setting,
    world::World,
};

const SEED: u64 = 1;
const SEATS_PER_BOOKING: usize = 2;

/// A session, and how many bookings are metered.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub rows: usize,
    pub seats_per_row: usize,
    pub bookings: usize,
}

/// Ten thousand seats.
pub const LARGE: Size = Size { rows: 300, seats_per_row: 34, bookings: 200 };

/// What so many bookings of one session came to.
#[derive(Clone, Debug)]
pub struct Figures {
    pub size: Size,
    pub refusals_per_booking: usize,
    /// Of each key, and of the tables and indexes as a whole; the one that gives out first is the first.
    pub loads: Vec<Load>,
    /// Read units of one look at the whole seat map: when all seats are free, and when all are taken.
    pub seat_map_units: (f64, f64),
}

/// What one booking takes of a key, or of a table as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    pub direction: Direction,
    /// Such as `booking`, or `booking/due` for an index.
    pub of: String,
    /// `S#<session>` for the session's own; `*` for all of the table or index.
    pub key: String,
    pub units_per_booking: f64,
    /// When it gives out.
    pub bookings_per_second: f64,
}

impl Figures {
    /// How many the session can take before a key gives out.
    pub fn bookings_per_second(&self) -> f64 {
        self.loads.first().map_or(f64::INFINITY, |load| load.bookings_per_second)
    }

    /// Seat maps that the session's key can give in a second: when all seats are free, and when all are taken.
    pub fn seat_maps_per_second(&self) -> (f64, f64) {
        let (free, taken) = self.seat_map_units;
        (Rules::KEY.read / free, Rules::KEY.read / taken)
    }
}

/// Books a session of ten thousand seats, with so many refused holds for each booking.
///
/// # Panics
/// If a booking fails, in a world where nothing does.
pub fn model(refusals_per_booking: usize) -> Figures {
    model_of(LARGE, refusals_per_booking)
}

/// The same for a session of any size.
///
/// # Panics
/// If a booking fails, in a world where nothing does.
pub fn model_of(size: Size, refusals_per_booking: usize) -> Figures {
    in_a_seeded_thread(SEED, move || measure(size, refusals_per_booking)).expect("figures")
}

async fn measure(size: Size, refusals_per_booking: usize) -> Figures {
    let world = World::new(Setting::calm(SEED, MappingKind::Sqs), false).await;
    let mut aws = world.start_aws(&[]);
    let price = json!({ "base_price": 10 });
    let hall = put_on_sale(&world, size.rows, size.seats_per_row, price).await;
    let session = hall.expect("something to sell").session;
    // What a function knows of the seat map is too old by then.
    world.pass(Duration::from_secs(5)).await;
    let (seats, free_units) = seat_map(&world, &session).await;
    let before = world.service.consumed();
    for wanted in seats.chunks(SEATS_PER_BOOKING).take(size.bookings) {
        let wanted: Vec<_> = wanted.iter().map(|id| json!({ "session_seat_id": id })).collect();
        let wanted = json!({ "session_id": session, "seats": wanted });
        book(&world, &wanted, refusals_per_booking).await;
    }
    world.pass(Duration::from_secs(5)).await;
    world.be_quiet().await.expect("every event is dealt with");
    aws.abort_all();
    let consumed = since(&before, &world.service.consumed());
    let (_, units) = seat_map(&world, &session).await;
    let taken = (SEATS_PER_BOOKING * size.bookings) as f64;
    let taken_units = free_units + (units - free_units) / taken * seats.len() as f64;
    Figures {
        size,
        refusals_per_booking,
        loads: loads(consumed, &session, size.bookings),
        seat_map_units: (free_units, taken_units),
    }
}

/// The seats' ids, and the units that it took to see them.
async fn seat_map(world: &World, session: &str) -> (Vec<Value>, f64) {
    let path = format!("/api/v1/sessions/{session}/seats");
    let before = world.service.consumed();
    let seats = world.must("GET", &path, Value::Null).await.expect("a seat map");
    let consumed = since(&before, &world.service.consumed());
    let of_session = consumed.iter().filter(|((direction, place), _)| {
        *direction == Direction::Read && place.partition.contains(session)
    });
    let units = of_session.map(|(_, units)| units).sum();
    let seats = seats.as_array().into_iter().flatten();
    (seats.map(|seat| seat["session_seat_id"].clone()).collect(), units)
}

/// One buyer holds, others come too late, and the first one pays.
async fn book(world: &World, wanted: &Value, refusals: usize) {
    let reservations = "/api/v1/reservations";
    let buyer = world.chance.uuid();
    let held = ask(world, buyer, reservations, wanted.clone()).await;
    assert_eq!(held.status, 201, "{}", held.body);
    for _ in 0..refusals {
        let refused = ask(world, world.chance.uuid(), reservations, wanted.clone()).await;
        assert_eq!(refused.status, 409, "{}", refused.body);
    }
    let confirm = format!("{reservations}/{}/confirm", held.text("id"));
    let paid = ask(world, buyer, &confirm, json!({})).await;
    assert_eq!(paid.status, 200, "{}", paid.body);
}

async fn ask(world: &World, user: uuid::Uuid, path: &str, body: Value) -> Reply {
    let call = Call { method: "POST", path, user: Some(user), headers: &[], body };
    world.call(&call).await.expect("an answer")
}

/// What was consumed in between.
fn since(before: &Consumed, after: &Consumed) -> Consumed {
    let units = |at, units: &f64| units - before.get(at).copied().unwrap_or_default();
    after.iter().map(|(at, all)| (at.clone(), units(at, all))).collect()
}

fn loads(consumed: Consumed, session: &str, bookings: usize) -> Vec<Load> {
    let mut all = std::collections::BTreeMap::new();
    for ((direction, place), units) in consumed {
        let of = match &place.index {
            Some(index) => format!("{}/{index}", place.table),
            None => place.table,
        };
        *all.entry((direction, of.clone(), "*".to_owned())).or_default() += units;
        all.insert((direction, of, place.partition.replace(session, "<session>")), units);
    }
    let load = |((direction, of, key), units): ((Direction, String, String), f64)| {
        let limit = if key == "*" { Rules::QUOTA } else { Rules::KEY };
        let units_per_booking = units / bookings as f64;
        let bookings_per_second = limit.of(direction) / units_per_booking;
        Load { direction, of, key, units_per_booking, bookings_per_second }
    };
    let mut loads: Vec<_> = all.into_iter().filter(|(_, units)| *units > 0.0).map(load).collect();
    loads.sort_by(|one, other| one.bookings_per_second.total_cmp(&other.bookings_per_second));
    loads
}
