//! No seat is refused that nobody has: a hold blocks it until its time, and not a moment longer.

use marquee_booking_domain::{
    ids::{SessionId, SessionSeatId},
    seat_ref::SeatPlace,
};
use marquee_kernel::time::Clock;
use serde_json::Value;
use uuid::Uuid;

use super::oracle::{State, cells};
use crate::{mix::Fault, world::World};

/// What there was when a call began.
pub(super) struct Seen {
    /// Whether everything that it asks for was free, by every clock.
    free: bool,
    changes: usize,
}

impl Seen {
    pub(super) fn now(world: &World, wanted: &Value) -> Self {
        let skewed = world.setting.mix.has(Fault::Skew);
        let free = !skewed && are_free(world, wanted).unwrap_or_default();
        Self { free, changes: world.service.changes_len() }
    }

    /// Whether it was so all the time since.
    pub(super) fn lasted(&self, world: &World) -> bool {
        let changes = if self.free { world.service.changes(self.changes) } else { return false };
        !changes.iter().any(|change| {
            let sort = change.record["dynamodb"]["Keys"]["sk"]["S"].as_str();
            sort.is_some_and(|sort| sort.starts_with("B#"))
        })
    }
}

fn are_free(world: &World, wanted: &Value) -> Option<bool> {
    let id = |value: &Value| value.as_str()?.parse::<Uuid>().ok();
    let session = wanted["session_id"].as_str()?;
    let (of, now) = (SessionId::new(session.parse().ok()?), world.clock.now().millis());
    let image = world.watch.image();
    let mut all = true;
    for seat in wanted["seats"].as_array()? {
        let place = SeatPlace::of(SessionSeatId::new(id(&seat["session_seat_id"])?), of)?;
        let (key, sort) = (format!("S#{session}"), format!("B#{:05}", place.block));
        let cells = cells(image.item("booking", &key, &sort)?);
        let cell = cells.get(&format!("s{}", place.position));
        all &= cell.is_none_or(|cell| cell.state == State::Held && cell.until <= now);
    }
    Some(all)
}
