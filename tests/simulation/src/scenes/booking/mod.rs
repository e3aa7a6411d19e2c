//! Booking: buyers who hold, pay, cancel, walk away and click twice, for far fewer seats than they want.

mod buyer;
mod free;
pub(super) mod oracle;
pub(super) mod rest;

use std::{cell::RefCell, rc::Rc, time::Duration};

use async_trait::async_trait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Scene;
use crate::world::World;

/// Half as often as on AWS, where nobody waits for idle runs.
const TWO_MINUTES: Duration = Duration::from_secs(120);
pub(super) const SCHEDULES: &[(&str, Duration)] = &[
    ("expire-reservations", TWO_MINUTES),
    ("settle-payments", TWO_MINUTES),
    ("reconcile-outbox", TWO_MINUTES),
];
pub(super) const WORK: &[&str] = &["holds", "holds refused", "confirmed", "cancelled"];
/// After the end of its hold, a lost event waits for so long for `reconcile-outbox`, and for its tick; and
/// clocks are off.
const RECONCILED_WITHIN: Duration = Duration::from_secs(12 * 60);

/// A session on sale, and what buyers were told.
#[derive(Debug, Default)]
pub struct Booking {
    pub(super) hall: RefCell<Hall>,
    told: RefCell<Vec<Told>>,
}

/// What is on sale.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hall {
    pub(crate) session: String,
    /// Their ids, row by row.
    pub(super) seats: Vec<Vec<String>>,
}

/// What a buyer knows of a reservation.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) user: Uuid,
    pub(super) reservation: String,
    pub(super) fact: Fact,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Held,
    Confirmed,
    Cancelled,
}

impl Booking {
    fn tell(&self, user: Uuid, reservation: &str, fact: Fact) {
        self.told.borrow_mut().push(Told { user, reservation: reservation.to_owned(), fact });
    }
}

/// Puts a session on sale: so many rows of so many seats.
pub(crate) async fn put_on_sale(
    world: &World,
    rows: usize,
    seats_per_row: usize,
    more: Value,
) -> Result<Hall, String> {
    let post = async |path: &str, body: Value, id: &str| {
        let answer = world.must("POST", path, body).await?;
        Ok::<_, String>(answer[id].as_str().unwrap_or_default().to_owned())
    };
    let location = post("/api/v1/locations", json!({ "name": "L" }), "location_id").await?;
    let halls = format!("/api/v1/locations/{location}/halls");
    let hall = post(&halls, json!({ "name": "H" }), "hall_id").await?;
    let plan = json!({ "row_count": rows, "seats_per_row": seats_per_row });
    post(&format!("/api/v1/halls/{hall}/seats"), plan, "").await?;
    let organizer = post("/api/v1/organizers", json!({ "name": "O" }), "organizer_id").await?;
    let event = json!({ "title": "E", "organizer_id": organizer });
    let event = post("/api/v1/events", event, "event_id").await?;
    let mut session = json!({
        "event_id": event, "hall_id": hall, "base_price": 10.25,
        "start_time": "2030-01-01T19:00:00Z", "end_time": "2030-01-01T22:00:00Z",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        session[name] = value.clone();
    }
    let session = post("/api/v1/sessions", session, "session_id").await?;
    let path = format!("/api/v1/sessions/{session}/seats");
    let found = world.must("GET", &path, Value::Null).await?;
    let mut by_row: std::collections::BTreeMap<String, Vec<String>> = Default::default();
    for seat in found.as_array().into_iter().flatten() {
        let text = |name: &str| seat[name].as_str().unwrap_or_default().to_owned();
        by_row.entry(text("row_number")).or_default().push(text("session_seat_id"));
    }
    Ok(Hall { session, seats: by_row.into_values().collect() })
}

#[async_trait(?Send)]
impl Scene for Booking {
    async fn open(&self, world: &Rc<World>) -> Result<(), String> {
        let (rows, seats) = (1 + world.chance.below(2), 2 + world.chance.below(5));
        let hall = put_on_sale(world, rows, seats, Value::Null).await?;
        world.watch.add(oracle::Seats::new(&world.setting.mix));
        *self.hall.borrow_mut() = hall;
        Ok(())
    }

    async fn client(&self, world: &Rc<World>, _: usize) {
        let user = world.chance.uuid();
        let buyer = buyer::Buyer { scene: self, world, hall: self.hall.borrow().clone(), user };
        for _ in 0..=world.chance.below(4) {
            world.pass(world.chance.seconds(0.0, 60.0)).await;
            buyer.visit().await;
        }
    }

    async fn at_rest(&self, world: &Rc<World>) -> Result<(), String> {
        let told = self.told.borrow().clone();
        rest::check(world, &told).await
    }

    fn settles_within(&self) -> Duration {
        RECONCILED_WITHIN
    }
}
