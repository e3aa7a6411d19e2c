//! The throughput that a session can have: bookings by the real functions, metered key by key.
//!
//! Nothing goes wrong in this world and nothing is throttled. What each partition key value gave for a number of
//! bookings tells at how many a second the first of them would give out.

use std::{cell::Cell, rc::Rc, thread, time::Duration};

use marquee_host::settings::Settings;
use serde_json::{Value, json};
use strum::IntoEnumIterator;
use tokio::{
    task::{JoinSet, LocalSet},
    time::Instant,
};

use crate::{
    aws::{
        dynamodb::{
            link::Link,
            rules::{Direction, Rules},
            throughput::Consumed,
        },
        gateway::{Call, Reply},
        lambda::Lambda,
        queue::Mapping,
        stream::{SHARDS, Shard},
    },
    entropy,
    environment::Machines,
    mix::Fault,
    plan::{Cuts, Plan},
    scenes::SceneName,
    world::World,
};

const SEED: u64 = 1;
const SEATS_PER_BOOKING: usize = 2;
/// Until every event of the bookings has been dealt with.
const SETTLED_WITHIN: Duration = Duration::from_secs(600);
const STACK_BYTES: usize = 64 * 1024 * 1024;

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
    let model = move || {
        entropy::seed_this_thread(SEED);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        LocalSet::new().block_on(&runtime, measure(size, refusals_per_booking))
    };
    let model = thread::Builder::new().stack_size(STACK_BYTES).spawn(model).expect("a thread");
    model.join().expect("figures")
}

async fn measure(size: Size, refusals_per_booking: usize) -> Figures {
    let without = Fault::iter().collect();
    let cuts = Cuts { scene: Some(SceneName::Booking), without, ..Cuts::default() };
    let world = World::new(Plan::new(SEED, &cuts).setting, false).await;
    let mut events = Events::start(&world);
    let session = put_on_sale(&world, size).await;
    let (seats, free_units) = seat_map(&world, &session).await;
    let before = world.service.consumed();
    for wanted in seats.chunks(SEATS_PER_BOOKING).take(size.bookings) {
        let wanted: Vec<_> = wanted.iter().map(|id| json!({ "session_seat_id": id })).collect();
        let wanted = json!({ "session_id": session, "seats": wanted });
        book(&world, &wanted, refusals_per_booking).await;
    }
    events.settle(&world).await;
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

async fn put_on_sale(world: &World, size: Size) -> String {
    let post = async |path: &str, body: Value, id: &str| {
        let made = world.must("POST", path, body).await.expect("something to sell");
        made[id].as_str().unwrap_or_default().to_owned()
    };
    let location = post("/api/v1/locations", json!({ "name": "L" }), "location_id").await;
    let halls = format!("/api/v1/locations/{location}/halls");
    let hall = post(&halls, json!({ "name": "H" }), "hall_id").await;
    let plan = json!({ "row_count": size.rows, "seats_per_row": size.seats_per_row });
    post(&format!("/api/v1/halls/{hall}/seats"), plan, "").await;
    let organizer = post("/api/v1/organizers", json!({ "name": "O" }), "organizer_id").await;
    let event = json!({ "title": "E", "organizer_id": organizer });
    let event = post("/api/v1/events", event, "event_id").await;
    let session = json!({
        "event_id": event, "hall_id": hall, "base_price": 10,
        "start_time": "2030-01-01T19:00:00Z", "end_time": "2030-01-01T22:00:00Z",
    });
    post("/api/v1/sessions", session, "session_id").await
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

/// What brings events to their consumers.
struct Events {
    lambda: Rc<Lambda>,
    shards: Vec<Shard>,
    busy: Rc<Cell<usize>>,
    tasks: JoinSet<()>,
}

impl Events {
    fn start(world: &World) -> Self {
        let mut settings = Settings::from_env().expect("settings");
        settings.payments.provider = std::sync::Arc::new(world.provider.clone());
        let World { service, faults, clock, watch, broker, passes, .. } = world;
        let (faults, service) = (faults.clone(), service.clone());
        let machines = Machines {
            settings,
            link: Link {
                service: service.clone(),
                faults: faults.clone(),
                clock: *clock,
                watch: watch.clone(),
            },
            broker: broker.clone(),
            passes: passes.clone(),
            faults: faults.clone(),
            started: Cell::new(0),
        };
        let lambda = Rc::new(Lambda::new(machines, faults.clone()));
        let (busy, mut tasks) = (Rc::new(Cell::new(0)), JoinSet::new());
        for consumer in &lambda.environment().functions.consumers {
            let mapping = Mapping {
                queue: consumer.queue,
                kind: world.setting.mapping,
                window: Duration::ZERO,
                broker: broker.memory.clone(),
                lambda: Rc::clone(&lambda),
                faults: faults.clone(),
                busy: Rc::clone(&busy),
            };
            tasks.spawn_local(mapping.run(1));
        }
        let shards = (0..SHARDS).map(|number| Shard {
            number,
            service: service.clone(),
            lambda: Rc::clone(&lambda),
            faults: faults.clone(),
            done: Rc::default(),
        });
        let shards: Vec<_> = shards.collect();
        for shard in &shards {
            tasks.spawn_local(shard.clone().run());
        }
        Self { lambda, shards, busy, tasks }
    }

    /// Until nothing is on its way.
    async fn settle(&mut self, world: &World) {
        let until = Instant::now() + SETTLED_WITHIN;
        loop {
            world.pass(Duration::from_secs(5)).await;
            let queued = marquee_contexts::topology().queues().any(|queue| {
                let depth = world.broker.memory.depth(queue.name);
                depth.ready + depth.delayed + depth.in_flight > 0
            });
            let at_work = self.busy.get() + self.lambda.running() > 0;
            if !queued && !at_work && self.shards.iter().all(Shard::is_done) {
                return self.tasks.abort_all();
            }
            assert!(Instant::now() < until, "the events of the bookings are not dealt with");
        }
    }
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
